#include "filters/http/request_termination/request_termination.h"

#include <string>

#include "filters/http/request_termination/echo.h"
#include "source/base/json.h"
#include "source/schema/form.h"
#include "tollgate/filters/http/request_termination/v1/request_termination.pb.h"

namespace tollgate::filters {
namespace {

using Config = ::tollgate::filters::http::request_termination::v1::Config;
namespace engine = ::tollgate::http;

constexpr int kPriority = 2;
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

class RequestTermination final : public engine::HttpFilter {
 public:
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

  uint8_t hooks() const override { return engine::kRequestHeaders; }
  engine::BodyNeed requestBodyNeed() const override {
    return echo_ ? engine::BodyNeed::kWhole : engine::BodyNeed::kNone;
  }
  size_t requestBodyLimit() const override { return echo_ ? kEchoLimit : 0; }

  engine::Action onRequestHeaders(engine::Exchange& exchange, void*) const override {
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

class Factory final : public engine::HttpFilterFactory {
 public:
  std::string_view name() const override { return "request-termination"; }
  int priority() const override { return kPriority; }
  std::unique_ptr<google::protobuf::Message> newConfig() const override {
    return std::make_unique<Config>();
  }
  Result<std::unique_ptr<engine::HttpFilter>> create(const google::protobuf::Message& config,
                                                     const engine::FilterContext&) const override {
    return std::unique_ptr<engine::HttpFilter>(
        std::make_unique<RequestTermination>(static_cast<const Config&>(config)));
  }
};

}  // namespace

std::unique_ptr<engine::HttpFilterFactory> makeRequestTerminationFactory() {
  return std::make_unique<Factory>();
}

}  // namespace tollgate::filters
