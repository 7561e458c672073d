#include <string>
#include <vector>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/transformation.h"
#include "filters/http/response_transformer/json_steps.h"
#include "filters/http/response_transformer/response_transformer.pb.h"
#include "source/base/damper.h"
#include "source/http/operator_log.h"
#include "source/http/typed_filter.h"
#include "source/schema/pair_rules.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;
using engine::bitOf;
using engine::HeaderCode;
using engine::HeaderMap;
using response_transformer::JsonSteps;

struct Field {
  std::string name, value;
};

using List = google::protobuf::RepeatedPtrField<std::string>;

/// Those that have a value.
std::vector<Field> fieldsOf(const List& texts) {
  std::vector<Field> out;
  for (const std::string& text : texts) {
    const schema::Pair pair = schema::splitPair(text);
    if (!pair.value.empty()) out.push_back({std::string(pair.name), std::string(pair.value)});
  }
  return out;
}

/// With the type that stands at the same place; without one it is a text.
std::vector<JsonSteps::Change> changesOf(const http::response_transformer::v1::Change& config) {
  std::vector<JsonSteps::Change> out;
  for (int i = 0; i < config.json_size(); ++i) {
    const schema::Pair pair = schema::splitPair(config.json(i));
    if (pair.value.empty()) continue;
    const std::string_view type = i < config.json_types_size()
                                      ? std::string_view(config.json_types(i))
                                      : std::string_view("string");
    auto value = response_transformer::valueOf(pair.value, type);
    if (value) out.push_back({std::string(pair.name), std::move(*value)});
  }
  return out;
}

/// What frames the message or is the gateway's own word stays as it is.
bool isOurs(std::string_view name) {
  constexpr uint64_t kOurs =
      bitOf(HeaderCode::kContentLength) | bitOf(HeaderCode::kTransferEncoding) |
      bitOf(HeaderCode::kConnection) | bitOf(HeaderCode::kTrailer) | bitOf(HeaderCode::kVia) |
      bitOf(HeaderCode::kXKongProxyLatency) | bitOf(HeaderCode::kXKongUpstreamLatency) |
      bitOf(HeaderCode::kXKongResponseLatency) | bitOf(HeaderCode::kXKongUpstreamStatus) |
      bitOf(HeaderCode::kXKongRequestId);
  return (bitOf(engine::codeOf(name)) & kOurs) != 0;
}

class ResponseTransformer final : public engine::Filter<http::response_transformer::v1::Config> {
 public:
  ResponseTransformer(const Config& config, const engine::FilterContext& context)
      : bodyLimit_(transformedBodySize(context)), log_(context.log) {
    for (const std::string& text : config.remove().headers()) {
      remove_.emplace_back(schema::splitPair(text).name);
    }
    rename_ = fieldsOf(config.rename().headers());
    replace_ = fieldsOf(config.replace().headers());
    add_ = fieldsOf(config.add().headers());
    append_ = fieldsOf(config.append().headers());
    for (const std::string& text : config.remove().json()) {
      json_.remove.emplace_back(schema::splitPair(text).name);
    }
    for (const Field& field : fieldsOf(config.rename().json())) {
      json_.rename.push_back({field.name, field.value});
    }
    json_.replace = changesOf(config.replace());
    json_.add = changesOf(config.add());
    json_.append = changesOf(config.append());
  }

  engine::BodyPolicy responseBody() const {
    if (json_.empty()) return {};
    return engine::BodyPolicy::collect(bodyLimit_, engine::BodyPolicy::Above::kRefuse);
  }
  bool wantsResponseBody(engine::Exchange&, const engine::ResponseHead& head) const {
    return response_transformer::isJson(head.headers.get(HeaderCode::kContentType));
  }

  Action onResponse(engine::Exchange& exchange, State&, engine::ResponseHead& head) const {
    const bool json = !json_.empty() && head.status != 101 && wantsResponseBody(exchange, head);
    transformHeaders(head.headers);
    if (json) transformBody(exchange, head.headers);
    return Action::kContinue;
  }

 private:
  /// Whether a field is there is asked of the head as it came, not as it becomes.
  void transformHeaders(HeaderMap& headers) const {
    HeaderMap before(headers.arena());
    if (!rename_.empty() || !replace_.empty() || !add_.empty()) before.assign(headers);
    for (const std::string& name : remove_) {
      if (!isOurs(name)) headers.remove(name);
    }
    for (const Field& step : rename_) rename(step, before, headers);
    for (const Field& step : replace_) {
      if (!isOurs(step.name) && before.find(step.name) != nullptr) {
        headers.set(step.name, step.value);
      }
    }
    for (const Field& step : add_) {
      if (!isOurs(step.name) && before.find(step.name) == nullptr) {
        headers.set(step.name, step.value);
      }
    }
    for (const Field& step : append_) {
      if (!isOurs(step.name)) headers.add(step.name, step.value);
    }
  }

  static void rename(const Field& step, const HeaderMap& before, HeaderMap& headers) {
    const engine::Header* old = before.find(step.name);
    if (old == nullptr || isOurs(step.name) || isOurs(step.value)) return;
    headers.remove(step.name);
    headers.remove(step.value);
    for (; old != nullptr; old = before.next(*old)) headers.add(step.value, old->value());
  }

  void transformBody(engine::Exchange& exchange, HeaderMap& headers) const {
    if (const buffer::Buffer* body = exchange.wholeResponseBody(); body != nullptr) {
      const auto changed = json_.apply(body->toString());
      if (changed) {
        exchange.replaceResponseBody(*changed);
      } else {
        tellOfBadBody(exchange);
      }
    }
    // The length of what the client gets is only known here, and not of answers without a body.
    headers.remove(HeaderCode::kContentLength);
  }

  void tellOfBadBody(engine::Exchange& exchange) const {
    if (log_ == nullptr) return;
    auto due = damper_->admit(exchange.routeId(), exchange.loop().now());
    if (!due) return;
    log_->warn("[response-transformer] body transform failed: failed parsing json body" +
               due->text());
  }

  static constexpr std::chrono::seconds kBetweenLines{60};

  std::vector<std::string> remove_;
  std::vector<Field> rename_, replace_, add_, append_;
  JsonSteps json_;
  size_t bodyLimit_;
  engine::OperatorLog* log_;
  std::unique_ptr<Damper> damper_ = std::make_unique<Damper>(kBetweenLines);
};

}  // namespace

TOLLGATE_HTTP_FILTER(ResponseTransformer)

}  // namespace tollgate::filters
