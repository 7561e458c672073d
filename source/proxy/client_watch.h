#pragma once

#include <cstdint>

#include "source/event/event_loop.h"

namespace tollgate::proxy {

class ProxyExchange;

/// How long an exchange waits for its client: for the body of the request, and for the response to
/// be read. What filters and the origin take counts for neither.
class ClientWatch {
 public:
  explicit ClientWatch(ProxyExchange& exchange) : exchange_(exchange) {}
  void reset() {
    stop();
    state_ = {};
  }

  /// From now on the client is expected to send the body of its request.
  void awaitBody();
  /// Bytes of the body came.
  void bodyMoved();
  /// From now on the client is expected to read what is queued of the response.
  void awaitReader();
  void stop() {
    state_.wait = Wait::kNothing;
    event::EventLoop::cancel(timer_);
  }
  void stopAwaitingBody() {
    if (state_.wait == Wait::kBody) stop();
  }
  void stopAwaitingReader() {
    if (state_.wait == Wait::kReading) stop();
  }
  bool awaitsReader() const { return state_.wait == Wait::kReading; }

 private:
  enum class Wait : uint8_t { kNothing, kBody, kReading };
  struct State {
    event::TimePoint since{};  ///< When `bytes` was taken.
    event::TimePoint moved{};  ///< When body bytes came last.
    uint64_t bytes = 0;        ///< What the wait counts by, when its timer was armed.
    Wait wait = Wait::kNothing;
  };

  void onTimeout();
  void checkReader();

  ProxyExchange& exchange_;
  State state_;
  event::MemberTimer<ClientWatch, &ClientWatch::onTimeout> timer_{*this};
};

}  // namespace tollgate::proxy
