#include <charconv>
#include <cmath>
#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/cors/cors.pb.h"
#include "filters/http/cors/origins.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using cors::Decision;
using cors::Origins;
using engine::Action;

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowCredentials = "Access-Control-Allow-Credentials";

using List = google::protobuf::RepeatedPtrField<std::string>;

std::string joined(const List& list) {
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ",") + item;
  return out;
}

std::string numberText(double number) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

struct State {
  bool preflight = false;  ///< It was answered, or is the origin server's to answer.
};

class Cors final : public engine::Filter<http::cors::v1::Config, State> {
 public:
  Cors(const Config& config, const engine::FilterContext&)
      : origins_({config.origins().begin(), config.origins().end()}),
        headers_(joined(config.headers())),
        exposed_(joined(config.exposed_headers())),
        methods_(joined(config.methods())),
        maxAge_(config.has_max_age() ? numberText(config.max_age()) : ""),
        credentials_(config.credentials()),
        privateNetwork_(config.private_network()),
        continues_(config.preflight_continue()),
        originMayLack_(config.allow_origin_absent()) {}

  Action onRequest(engine::Exchange& exchange, State& state) const {
    const engine::RequestHead& request = exchange.request();
    if (request.method != "OPTIONS") return Action::kContinue;
    if (request.headers.get("Origin").empty() ||
        request.headers.find("Access-Control-Request-Method") == nullptr) {
      return Action::kContinue;
    }
    state.preflight = true;
    if (continues_) return Action::kContinue;
    answerPreflight(exchange);
    return Action::kPause;
  }

  Action onResponse(engine::Exchange& exchange, State& state, engine::ResponseHead& head) const {
    if (state.preflight) return Action::kContinue;
    const std::string_view origin = exchange.request().headers.get("Origin");
    if (origin.empty() && !originMayLack_) return Action::kContinue;
    tellOrigin(origin, head.headers);
    if (!exposed_.empty()) head.headers.set("Access-Control-Expose-Headers", exposed_);
    return Action::kContinue;
  }

 private:
  void answerPreflight(engine::Exchange& exchange) const {
    const engine::HeaderMap& asked = exchange.request().headers;
    engine::HeaderMap& out = exchange.response().headers;
    tellOrigin(asked.get("Origin"), out);
    const std::string_view headers =
        headers_.empty() ? asked.get("Access-Control-Request-Headers") : headers_;
    if (!headers.empty()) out.set("Access-Control-Allow-Headers", headers);
    if (!methods_.empty()) out.set("Access-Control-Allow-Methods", methods_);
    if (!maxAge_.empty()) out.set("Access-Control-Max-Age", maxAge_);
    if (privateNetwork_ && asked.get("Access-Control-Request-Private-Network") == "true") {
      out.set("Access-Control-Allow-Private-Network", "true");
    }
    exchange.reply(200, "", "");
  }

  /// Who may read the answer. What the origin server said of it goes.
  void tellOrigin(std::string_view origin, engine::HeaderMap& headers) const {
    Decision decision = origins_.decide(origin, headers.arena());
    if (decision.varies) headers.add("Vary", "Origin");
    if (credentials_ && decision.everybody && !origin.empty()) {
      headers.add("Vary", "Origin");
      decision.allowed = origin;
    }
    if (decision.allowed.empty()) {
      headers.remove(kAllowOrigin);
    } else {
      headers.set(kAllowOrigin, decision.allowed);
    }
    if (credentials_ && decision.allowed != "*") headers.set(kAllowCredentials, "true");
  }

  Origins origins_;
  std::string headers_, exposed_, methods_, maxAge_;
  bool credentials_, privateNetwork_, continues_, originMayLack_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(Cors)

}  // namespace tollgate::filters
