#include <memory>
#include <string>

#include "filters/http/common/http_filter_entry.h"
#include "filters/http/ip_restriction/ip_restriction.pb.h"
#include "source/base/damper.h"
#include "source/http/operator_log.h"
#include "source/http/typed_filter.h"
#include "source/net/address_set.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using engine::Action;

constexpr int kForbidden = 403;

class IpRestriction final : public engine::Filter<http::ip_restriction::v1::Config> {
 public:
  static Result<std::unique_ptr<IpRestriction>> create(const Config& config,
                                                       const engine::FilterContext& context) {
    std::unique_ptr<IpRestriction> out(new IpRestriction);
    for (const std::string& text : config.allow()) {
      if (Status added = out->allow_.add(text); !added) return at(added, "allow");
    }
    for (const std::string& text : config.deny()) {
      if (Status added = out->deny_.add(text); !added) return at(added, "deny");
    }
    out->allow_.finish();
    out->deny_.finish();
    if (config.has_status()) out->status_ = statusOf(config.status());
    out->message_ = config.message();
    out->log_ = context.log;
    return out;
  }

  Action onRequest(engine::Exchange& exchange, State&) const {
    const net::Address& address = exchange.clientAddress();
    if (!address.valid()) {
      exchange.replyError(kForbidden,
                          "Cannot identify the client IP address, unix domain sockets are not "
                          "supported.");
      return Action::kPause;
    }
    const bool refused = deny_.contains(address) || (!allow_.empty() && !allow_.contains(address));
    if (!refused) return Action::kContinue;
    const std::string_view refusal =
        exchange.arena().concat("IP address not allowed: ", exchange.clientIp());
    tell(exchange, refusal);
    exchange.replyError(status_, message_.empty() ? refusal : message_);
    return Action::kPause;
  }

 private:
  static constexpr std::chrono::seconds kBetweenLines{60};

  IpRestriction() = default;
  /// A refusal with a status that is none would let nobody know of it.
  static int statusOf(double status) {
    return status >= 400 && status < 600 ? static_cast<int>(status) : 500;
  }
  /// The operator, once in a while for each client.
  void tell(engine::Exchange& exchange, std::string_view refusal) const {
    if (log_ == nullptr) return;
    auto due = damper_->admit(exchange.clientIp(), exchange.loop().now());
    if (due) log_->warn("ip-restriction: " + std::string(refusal) + due->text());
  }
  static Error at(const Status& failed, const char* place) {
    return Error::invalid(failed.error().message, place);
  }

  net::AddressSet allow_, deny_;
  int status_ = kForbidden;
  std::string message_;
  engine::OperatorLog* log_ = nullptr;
  std::unique_ptr<Damper> damper_ = std::make_unique<Damper>(kBetweenLines);
};

}  // namespace

TOLLGATE_HTTP_FILTER(IpRestriction)

}  // namespace tollgate::filters
