#include "source/proxy/exchange.h"

/// What becomes known of an exchange that gets no whole answer from its origin.
namespace tollgate::proxy {

using http::FailureCause;
using http::FailurePhase;

FailurePhase ProxyExchange::failurePhase() const {
  switch (state_) {
    case State::kResolving:
      return FailurePhase::kResolving;
    case State::kConnecting:
      return FailurePhase::kConnecting;
    case State::kForwarding:
      return requestEnded_ ? FailurePhase::kWaiting : FailurePhase::kSending;
    default:
      return FailurePhase::kReading;
  }
}

void ProxyExchange::reportFailure(FailurePhase phase, std::string_view detail, int status) {
  if (worker_.failureLog == nullptr) return;
  FailureLog::Failure failure;
  failure.cause = info_.failure;
  failure.phase = phase;
  failure.service = service_->name.empty() ? service_->id : service_->name;
  failure.host = service_->host;
  failure.port = service_->port;
  if (choice_.view != nullptr && choice_.member != upstream::Balancer::kNone) {
    failure.host = choice_.view->cluster().hostOf(choice_.member);
    failure.port = choice_.view->cluster().portOf(choice_.member);
  } else if (choice_.view != nullptr) {
    failure.port = 0;
  }
  if (phase != FailurePhase::kResolving && phase != FailurePhase::kBalancing) {
    failure.address = info_.attempt.address;
  }
  failure.detail = detail;
  failure.status = status;
  failure.attempts = info_.attempts;
  failure.requestId = requestId();
  worker_.failureLog->write(failure, worker_.loop.now());
}

/// Targets that failed this request may be what has left none.
void ProxyExchange::reportNoTarget() {
  const FailureCause before = info_.failure;
  info_.failure = FailureCause::kNoTarget;
  std::string_view detail;
  if (before != FailureCause::kNone) detail = arena_.concat("the last attempt: ", textOf(before));
  reportFailure(FailurePhase::kBalancing, detail, 503);
}

}  // namespace tollgate::proxy
