#pragma once

#include <chrono>
#include <cstdint>

#include "source/event/event_loop.h"

namespace tollgate::proxy {

class ProxyExchange;

/// How long an exchange waits for its origin: to take the request (`write_timeout`), and to answer
/// or go on (`read_timeout`). What filters and the client take does not count.
class OriginWatch {
 public:
  explicit OriginWatch(ProxyExchange& exchange) : exchange_(exchange) {}
  void reset() {
    stop();
    state_ = {};
  }

  /// From now on the origin is expected to say something.
  void awaitResponse();
  /// An attempt has sent its request: what was known of the one before does not count.
  void restart();
  /// More of the request is on its way, or was taken: time to take the rest, or to answer once it
  /// is complete.
  void requestMoved();
  void stop() { event::EventLoop::cancel(timer_); }

 private:
  struct State {
    event::TimePoint moved{};  ///< When the origin took bytes last, as far as is known.
    uint64_t took = 0;         ///< Bytes written to it by then.
    bool sending = false;      ///< The timer has found bytes that it has not taken.
  };

  void arm(std::chrono::milliseconds limit);
  void onTimeout();
  bool mayTakeMore();

  ProxyExchange& exchange_;
  State state_;
  event::MemberTimer<OriginWatch, &OriginWatch::onTimeout> timer_{*this};
};

}  // namespace tollgate::proxy
