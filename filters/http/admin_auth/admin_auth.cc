#include <fmt/format.h>

#include <memory>
#include <string>

#include "filters/http/admin_auth/access_list.h"
#include "filters/http/admin_auth/admin_auth.pb.h"
#include "filters/http/admin_auth/failure_log.h"
#include "filters/http/common/http_filter_entry.h"
#include "source/base/json.h"
#include "source/event/event_loop.h"

namespace tollgate::filters {
namespace {

using admin_auth::Access;
using admin_auth::AccessList;
using admin_auth::accessOf;
using admin_auth::Caller;
using admin_auth::FailureLog;
namespace engine = ::tollgate::http;

constexpr std::string_view kTokenHeader = "Kong-Admin-Token";
constexpr std::string_view kChallenge = "Bearer realm=\"Tollgate Admin API\"";

/// The token that a request carries; "" if none. A view into the request.
std::string_view tokenOf(const engine::HeaderMap& headers) {
  std::string_view value = headers.get(engine::HeaderCode::kAuthorization);
  if (value.size() > 7 && engine::equalsIgnoreCase(value.substr(0, 7), "bearer ")) {
    value.remove_prefix(7);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return headers.get(kTokenHeader);
}

/// Who is there, and whether they may do what they ask for. The Admin and status listeners run on
/// the main thread, and so does reload(): the mutable members are that thread's.
class AdminAuth final : public engine::Filter<http::admin_auth::v1::Config> {
 public:
  static Result<std::unique_ptr<AdminAuth>> create(const Config& config,
                                                   const engine::FilterContext& context) {
    bool inlined = !config.tokens().empty();
    if (inlined != config.tokens_file().empty()) {
      return Error::invalid(
          "required: a file that says who may come in, or its content in `tokens`", "tokens_file");
    }
    auto list = inlined ? AccessList::parse(config.tokens(), "tokens")
                        : AccessList::read(config.tokens_file());
    if (!list) return Error::invalid(list.error().text(), inlined ? "" : "tokens_file");
    return std::make_unique<AdminAuth>(config.tokens_file(), std::move(list).value(), context.log,
                                       static_cast<uint32_t>(config.failures_logged_per_minute()));
  }

  AdminAuth(std::string path, AccessList list, engine::OperatorLog* log, uint32_t perMinute)
      : path_(std::move(path)), list_(std::move(list)), failures_(log, perMinute) {}

  Status reload() const {
    if (path_.empty()) return {};  // its tokens stand in the configuration
    auto fresh = AccessList::read(path_);
    if (!fresh) return fresh.error();
    list_ = std::move(fresh).value();
    return {};
  }

  engine::Action onRequest(engine::Exchange& exchange, State&) const {
    engine::RequestHead& request = exchange.request();
    const std::string_view token = tokenOf(request.headers);
    const net::PeerCertificate* certificate = exchange.peerCertificate();
    // A token that is shown has to be good, whatever else the connection proves.
    const Caller* caller = nullptr;
    if (!token.empty()) {
      caller = list_.byToken(token);
    } else if (certificate != nullptr) {
      caller = list_.byCertificate(*certificate);
    }
    if (caller == nullptr) return refuseUnknown(exchange, !token.empty(), certificate);
    const Access access = accessOf(request.method, request.target);
    if (!caller->scopes.allow(access)) return refuseAccess(exchange, *caller, access);
    // What follows has no use for the secret, and cannot lose what it does not have.
    request.headers.remove(engine::HeaderCode::kAuthorization);
    request.headers.remove(kTokenHeader);
    exchange.setActor(exchange.arena().copy(caller->name));
    return engine::Action::kContinue;
  }

 private:
  static engine::Action answer(engine::Exchange& exchange, int status, std::string_view challenge,
                               std::string_view message) {
    const Json body = {{"message", message}};
    exchange.response().headers.set("WWW-Authenticate", exchange.arena().copy(challenge));
    exchange.reply(status, "application/json; charset=utf-8",
                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
    return engine::Action::kPause;
  }

  void log(engine::Exchange& exchange, std::string_view text) const {
    failures_.add(exchange.loop().unixMillis(),
                  fmt::format("admin-auth: {} for {} from {}", text, exchange.request().method,
                              exchange.clientIp()));
  }

  engine::Action refuseUnknown(engine::Exchange& exchange, bool token,
                               const net::PeerCertificate* certificate) const {
    if (token) {
      log(exchange, "unknown token");
      return answer(exchange, 401, fmt::format("{}, error=\"invalid_token\"", kChallenge),
                    "Unauthorized");
    }
    log(exchange, certificate == nullptr ? "no token and no client certificate"
                                         : "client certificate that the tokens file does not name");
    return answer(exchange, 401, kChallenge, "Unauthorized");
  }

  engine::Action refuseAccess(engine::Exchange& exchange, const Caller& caller,
                              const Access& access) const {
    log(exchange, fmt::format("'{}' lacks {}", caller.name, access.text()));
    return answer(exchange, 403, fmt::format("{}, error=\"insufficient_scope\"", kChallenge),
                  fmt::format("Forbidden: '{}' lacks the scope for this request", caller.name));
  }

  std::string path_;
  mutable AccessList list_;
  mutable FailureLog failures_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(AdminAuth)

}  // namespace tollgate::filters
