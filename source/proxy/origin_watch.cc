#include "source/proxy/origin_watch.h"

#include <algorithm>

#include "source/proxy/exchange.h"

namespace tollgate::proxy {

void OriginWatch::arm(std::chrono::milliseconds limit) {
  exchange_.worker_.loop.arm(timer_, limit);
}

void OriginWatch::awaitResponse() { arm(exchange_.state_.service->readTimeout); }

void OriginWatch::restart() {
  stop();
  state_ = {};
  state_.moved = exchange_.worker_.loop.now();
  if (exchange_.state_.requestEnded) {
    awaitResponse();
  } else {
    arm(exchange_.state_.service->writeTimeout);
  }
}

void OriginWatch::requestMoved() {
  const uint64_t taken = exchange_.forwarder_.stream()->sent();
  const bool moved = taken != state_.took || !timer_.armed();
  if (moved) {
    state_.took = taken;
    state_.moved = exchange_.worker_.loop.now();
  }
  if (exchange_.state_.requestEnded) {
    awaitResponse();
  } else if (moved) {
    arm(exchange_.state_.service->writeTimeout);
  }
}

/// True while the origin has time left for what it was given of the request; its timer then runs
/// on, unless it is the client that is waited for.
bool OriginWatch::mayTakeMore() {
  const http::ClientStream& stream = *exchange_.forwarder_.stream();
  const upstream::Service& service = *exchange_.state_.service;
  const bool ended = exchange_.state_.requestEnded;
  if (stream.queued() == 0) {
    if (ended && !state_.sending) return false;
    state_.sending = false;
    if (ended) awaitResponse();
    return true;
  }
  state_.sending = true;
  const event::TimePoint now = exchange_.worker_.loop.now();
  if (stream.sent() != state_.took) {
    state_.took = stream.sent();
    state_.moved = now;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      state_.moved + service.writeTimeout - now);
  if (left.count() <= 0) return false;
  arm(ended ? std::min(left, service.readTimeout) : left);
  return true;
}

void OriginWatch::onTimeout() {
  const bool sending =
      exchange_.state_.phase == Phase::kForwarding && exchange_.forwarder_.stream() != nullptr;
  if (sending && mayTakeMore()) return;
  exchange_.forwarder_.attemptFailed(true, true, "timeout");
  exchange_.touch();
}

}  // namespace tollgate::proxy
