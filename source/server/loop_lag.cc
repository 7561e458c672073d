#include "source/server/loop_lag.h"

#include <algorithm>

#include "source/stats/registry.h"

namespace tollgate::server {

void LoopLag::describe(stats::Registry& registry) const {
  registry.add({"tollgate_event_loop_lag_milliseconds",
                "By how much a timer came too late, looked at once a second in each event loop; up "
                "to 10 ms are how coarse timers are.",
                stats::Kind::kHistogram, stats::Unit::kMillis},
               late_.view());
}

void LoopLag::onTimer() {
  const auto late = event::Clock::now() - timer_.deadline();
  late_.observe(static_cast<uint64_t>(
      std::max<int64_t>(0, std::chrono::duration_cast<event::Millis>(late).count())));
  start();
}

}  // namespace tollgate::server
