#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/transformation.h"
#include "filters/http/request_transformer/arguments.h"
#include "filters/http/request_transformer/body_steps.h"
#include "filters/http/request_transformer/header_steps.h"
#include "filters/http/request_transformer/request_transformer.pb.h"
#include "filters/http/request_transformer/steps.h"
#include "filters/http/request_transformer/variables.h"
#include "source/base/damper.h"
#include "source/base/percent.h"
#include "source/http/operator_log.h"
#include "source/http/typed_filter.h"
#include "source/schema/pair_rules.h"
#include "source/templates/template.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;
using engine::HeaderCode;
using request_transformer::Arguments;
using request_transformer::BodyType;
using request_transformer::Rendering;
using request_transformer::RequestVariables;
using request_transformer::Steps;
using templates::Table;
using templates::Template;

using List = google::protobuf::RepeatedPtrField<std::string>;

std::vector<Steps::Change> changesOf(const List& texts) {
  std::vector<Steps::Change> out;
  for (const std::string& text : texts) {
    const schema::Pair pair = schema::splitPair(text);
    out.push_back({std::string(pair.name), Template(pair.value)});
  }
  return out;
}

/// The steps of one part of the request; `part` takes its list out of a message of each kind.
template <typename Config, typename Part>
Steps stepsOf(const Config& config, Part part) {
  Steps out;
  for (const std::string& text : part(config.remove())) {
    out.remove.emplace_back(schema::splitPair(text).name);
  }
  for (const std::string& text : part(config.rename())) {
    const schema::Pair pair = schema::splitPair(text);
    out.rename.push_back({std::string(pair.name), std::string(pair.value)});
  }
  out.replace = changesOf(part(config.replace()));
  out.add = changesOf(part(config.add()));
  out.append = changesOf(part(config.append()));
  return out;
}

/// What cannot stand in a path is encoded; triplets stay.
std::string_view pathText(std::string_view path, Arena& arena) {
  size_t at = 0;
  auto stands = [&](char c) {
    const size_t here = at++;
    if (c == '%') return escapedByte(path, here) >= 0;
    return isUnreserved(c) || std::string_view("/!$&'()*+,;=:@").find(c) != std::string_view::npos;
  };
  std::string out;
  encodePercent(path, stands, out);
  return arena.copy(out);
}

class RequestTransformer final : public engine::Filter<http::request_transformer::v1::Config> {
 public:
  RequestTransformer(const Config& config, const engine::FilterContext& context)
      : method_(config.http_method()),
        uri_(config.replace().uri()),
        headers_(stepsOf(config, [](const auto& all) -> const List& { return all.headers(); })),
        query_(stepsOf(config, [](const auto& all) -> const List& { return all.querystring(); })),
        body_(stepsOf(config, [](const auto& all) -> const List& { return all.body(); })),
        movesForm_(method_ == "GET" || method_ == "HEAD" || method_ == "TRACE"),
        keepsHeaders_((uri_.uses(Table::kHeaders) || headers_.usesHeaders()) &&
                      (body_.usesHeaders() || query_.usesHeaders())),
        bodyLimit_(transformedBodySize(context)),
        log_(context.log) {}

  engine::BodyPolicy requestBody() const {
    if (body_.empty() && !movesForm_) return {};
    return engine::BodyPolicy::collect(bodyLimit_);
  }

  Action onRequest(engine::Exchange& exchange, State&) const {
    // Templates see the header fields as they came, or once these are changed where no template
    // has asked for them before.
    engine::HeaderMap& headers = exchange.request().headers;
    engine::HeaderMap copy(exchange.arena());
    if (keepsHeaders_ || headers_.usesHeaders()) copy.assign(headers);
    RequestVariables first(exchange, headers_.usesHeaders() ? copy : headers);
    Rendering early(first, exchange.arena());
    if (!transformHead(exchange, early)) return refuse(exchange, early);
    RequestVariables later(exchange, keepsHeaders_ ? copy : headers);
    Rendering late(later, exchange.arena());
    if (!transformRest(exchange, late))
      return late.failed() ? refuse(exchange, late) : tooLarge(exchange);
    return Action::kContinue;
  }

 private:
  bool transformHead(engine::Exchange& exchange, Rendering& render) const {
    if (!uri_.text().empty()) {
      const std::string_view path = render(uri_);
      if (!path.starts_with('/')) render.fail(uri_, "a path begins with /");
      if (render.failed()) return false;
      exchange.setForwardedPath(pathText(path, exchange.arena()));
    }
    if (!method_.empty()) exchange.setMethod(method_);
    if (movesForm_) moveForm(exchange);
    if (!headers_.empty()) request_transformer::transformHeaders(headers_, exchange, render);
    return !render.failed();
  }

  /// The fields of a form become arguments where the method is not one for bodies.
  static void moveForm(engine::Exchange& exchange) {
    const std::string_view type = exchange.request().headers.get(HeaderCode::kContentType);
    const buffer::Buffer* body = exchange.wholeRequestBody();
    if (body == nullptr || request_transformer::bodyTypeOf(type) != BodyType::kForm) return;
    Arguments all(exchange.query());
    all.join(Arguments(body->toString()));
    exchange.setQuery(exchange.arena().copy(all.sorted()));
  }

  bool transformRest(engine::Exchange& exchange, Rendering& render) const {
    if (!body_.empty() && !transformBody(exchange, render)) return false;
    if (!query_.empty()) transformQuery(exchange, render);
    return !render.failed();
  }

  /// False if it cannot be transformed, which without a failed template is for its size.
  bool transformBody(engine::Exchange& exchange, Rendering& render) const {
    const std::string_view type = exchange.request().headers.get(HeaderCode::kContentType);
    const BodyType kind = request_transformer::bodyTypeOf(type);
    if (kind == BodyType::kOther) return true;
    const buffer::Buffer* body = exchange.wholeRequestBody();
    if (body == nullptr && exchange.hasRequestBody()) return false;
    const auto changed = request_transformer::transformBody(
        body_, kind, type, body == nullptr ? std::string() : body->toString(), render);
    if (render.failed()) return false;
    if (changed) exchange.replaceRequestBody(*changed);
    return true;
  }

  void transformQuery(engine::Exchange& exchange, Rendering& render) const {
    Arguments all(exchange.query());
    request_transformer::transform(query_, all, render);
    if (!render.failed()) exchange.setQuery(exchange.arena().copy(all.sorted()));
  }

  Action refuse(engine::Exchange& exchange, const Rendering& failed) const {
    if (log_ != nullptr) {
      auto due = damper_->admit(failed.failure(), exchange.loop().now());
      if (due) log_->warn("[request-transformer] " + failed.failure() + due->text());
    }
    exchange.replyError(500, "An unexpected error occurred");
    return Action::kPause;
  }

  static Action tooLarge(engine::Exchange& exchange) {
    exchange.replyError(413, "Request size limit exceeded");
    return Action::kPause;
  }

  static constexpr std::chrono::seconds kBetweenLines{60};

  std::string method_;
  Template uri_;
  Steps headers_, query_, body_;
  bool movesForm_;
  bool keepsHeaders_;
  size_t bodyLimit_;
  engine::OperatorLog* log_;
  std::unique_ptr<Damper> damper_ = std::make_unique<Damper>(kBetweenLines);
};

}  // namespace

TOLLGATE_HTTP_FILTER(RequestTransformer)

}  // namespace tollgate::filters
