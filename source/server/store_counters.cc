#include "source/server/store_counters.h"

#include "source/event/event_loop.h"

namespace tollgate::server {

void StoreCounters::take(event::EventLoop& loop, std::vector<Key> keys, std::vector<int64_t> limits,
                         std::function<void(bool ok, std::vector<int64_t> usages)> done) {
  if (!control_->storeReachable()) {
    // Waiting for a store that is gone would only make the client wait for the same answer.
    return loop.post([done = std::move(done)] { done(false, {}); });
  }
  control_->post([this, &loop, keys = std::move(keys), limits = std::move(limits),
                  done = std::move(done)]() mutable {
    std::vector<store::CounterKey> counters;
    for (Key& key : keys) {
      counters.push_back({std::move(key.identifier), std::move(key.period),
                          std::move(key.serviceId), std::move(key.routeId), key.windowStartMillis,
                          key.windowSeconds});
    }
    auto usages = control_->store().takeCounters(counters, limits);
    bool ok = usages.ok();
    std::vector<int64_t> values = ok ? std::move(usages).value() : std::vector<int64_t>();
    loop.post([ok, values = std::move(values), done = std::move(done)]() mutable {
      done(ok, std::move(values));
    });
  });
}

}  // namespace tollgate::server
