#include "source/proxy/exchange.h"

/// What becomes known of an exchange that gets no whole answer from its origin.
namespace tollgate::proxy {

using http::FailureCause;
using http::FailurePhase;

FailurePhase Forwarder::phase() const {
  switch (exchange_.state_.phase) {
    case Phase::kResolving:
      return FailurePhase::kResolving;
    case Phase::kConnecting:
      return FailurePhase::kConnecting;
    case Phase::kForwarding:
      return exchange_.state_.requestEnded ? FailurePhase::kWaiting : FailurePhase::kSending;
    default:
      return FailurePhase::kReading;
  }
}

void Forwarder::report(FailurePhase phase, std::string_view detail, int status) {
  WorkerContext& worker = exchange_.worker_;
  // No attempt came of these: attemptFailed() has not counted them.
  if (phase == FailurePhase::kResolving || phase == FailurePhase::kBalancing) {
    worker.counters.count(exchange_.info_.failure);
  }
  if (worker.failureLog == nullptr) return;
  const http::ExchangeInfo& info = exchange_.info_;
  const upstream::Service& service = *exchange_.state_.service;
  FailureLog::Failure failure;
  failure.cause = info.failure;
  failure.phase = phase;
  failure.service = service.name.empty() ? service.id : service.name;
  failure.host = service.host;
  failure.port = service.port;
  choice_.describe(failure);
  if (phase != FailurePhase::kResolving && phase != FailurePhase::kBalancing) {
    failure.address = info.attempt.address;
  }
  failure.detail = detail;
  failure.status = status;
  failure.attempts = info.attempts;
  failure.requestId = info.requestId;
  worker.failureLog->write(failure, worker.loop.now());
}

/// Targets that failed this request may be what has left none.
void Forwarder::noTarget() {
  http::ExchangeInfo& info = exchange_.info_;
  const FailureCause before = info.failure;
  info.failure = FailureCause::kNoTarget;
  std::string_view detail;
  if (before != FailureCause::kNone) {
    detail = exchange_.arena_.concat("the last attempt: ", textOf(before));
  }
  report(FailurePhase::kBalancing, detail, 503);
  if (info.attempts == 0) {
    return exchange_.responder_.answerError(503, "failure to get a peer from the ring-balancer");
  }
  info.proxied = true;
  exchange_.responder_.engineError(503, http::AnsweredBy::kGateway);
}

}  // namespace tollgate::proxy
