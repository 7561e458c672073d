#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/request_termination/echo.h"
#include "filters/http/request_termination/request_termination.pb.h"
#include "source/base/json.h"
#include "source/schema/checks.h"
#include "source/schema/form.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

constexpr size_t kEchoLimit = 64 * 1024;  ///< Larger bodies are left out of an echo.
constexpr std::string_view kJson = "application/json; charset=utf-8";

/// The message of a status where the configuration gives none; "" leaves the body empty.
std::string_view messageOf(int status) {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 500:
      return "An unexpected error occurred";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service unavailable";
    default:
      return "";
  }
}

class RequestTermination final : public engine::Filter<http::request_termination::v1::Config> {
 public:
  /// Which parts of an answer exclude each other.
  static std::string check(const Json& config) {
    auto given = [&](const char* name) { return !schema::valueAt(config, name).is_null(); };
    if (given("message") && (given("body") || given("content_type"))) {
      return "message cannot be used with content_type or body";
    }
    if (given("content_type") && !given("body")) return "content_type requires a body";
    if (schema::valueAt(config, "echo") == true && given("body")) {
      return "echo cannot be used with content_type and body";
    }
    return "";
  }

  explicit RequestTermination(const Config& config)
      : status_(config.status_code()),
        contentType_(config.content_type()),
        body_(config.body()),
        trigger_(config.trigger()),
        message_(config.message().empty() ? messageOf(status_) : config.message()),
        echo_(config.echo()) {
    if (!body_.empty() || message_.empty()) return;
    Json text = {{"message", message_}};
    body_ = text.dump(-1, ' ', false, Json::error_handler_t::replace);
    contentType_ = kJson;
  }

  engine::BodyPolicy requestBody() const {
    return engine::BodyPolicy::collect(echo_ ? kEchoLimit : 0);
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    if (!trigger_.empty() && !triggered(exchange)) return engine::Action::kContinue;
    if (echo_) {
      exchange.reply(status_, kJson, request_termination::echoOf(exchange, message_));
    } else {
      exchange.reply(status_, contentType_, body_);
    }
    return engine::Action::kPause;
  }

 private:
  bool triggered(engine::Exchange& exchange) const {
    if (exchange.request().headers.find(trigger_) != nullptr) return true;
    return !exchange.query().empty() && schema::parseQuery(exchange.query()).contains(trigger_);
  }

  int status_;
  std::string contentType_, body_, trigger_, message_;
  bool echo_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(RequestTermination)

}  // namespace tollgate::filters
