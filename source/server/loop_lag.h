#pragma once

#include "source/event/event_loop.h"
#include "source/stats/histogram.h"

namespace tollgate::stats {
class Registry;
}

namespace tollgate::server {

/// How late an event loop is: once a second, by how much a timer came after its time. The loop's
/// timers are coarse, so that up to 10 ms are no lag.
/// Threads: its loop's, but what is counted is read by any.
class LoopLag {
 public:
  explicit LoopLag(event::EventLoop& loop) : loop_(loop) {}
  /// On the loop's thread, or before that runs.
  void start() { loop_.arm(timer_, kPeriod); }
  void describe(stats::Registry& registry) const;

 private:
  static constexpr event::Millis kPeriod{1000};
  static constexpr stats::Bounds<9> kBounds{10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
  void onTimer();

  event::EventLoop& loop_;
  stats::Histogram<kBounds> late_;
  event::MemberTimer<LoopLag, &LoopLag::onTimer> timer_{*this};
};

}  // namespace tollgate::server
