#include "source/server/revision_waiters.h"

#include <algorithm>

namespace tollgate::server {
namespace {

constexpr std::chrono::milliseconds kInterval{50};
constexpr std::chrono::milliseconds kAfterFailure{500};

}  // namespace

void RevisionWaiters::add(store::Revision revision, Clock::time_point deadline, Done done) {
  if (waiters_.size() >= atMost_) return done({{}, true});
  waiters_.push_back({revision, deadline, std::move(done)});
  next_ = {};
}

RevisionWaiters::Clock::time_point RevisionWaiters::due() const {
  if (waiters_.empty()) return Clock::time_point::max();
  auto due = next_;
  for (const Waiter& waiter : waiters_) due = std::min(due, waiter.deadline);
  return due;
}

/// Who runs less than the newest revision that anybody waits for.
RevisionWaiters::Outcome RevisionWaiters::look(store::Store& store,
                                               const store::NodeRecord& self) const {
  Outcome outcome;
  store::Revision newest = 0;
  for (const Waiter& waiter : waiters_) newest = std::max(newest, waiter.revision);
  if (store::NodeRegistry* registry = store.nodes(); registry != nullptr) {
    auto lagging = registry->lagging(newest, kNamedAtMost, limits_);
    outcome.unknown = !lagging;
    if (lagging) outcome.lagging = std::move(lagging).value();
    // Of itself a node knows better than its row.
    std::erase_if(outcome.lagging,
                  [&](const store::NodeRecord& node) { return node.id == self.id; });
  }
  if (self.revision < newest) outcome.lagging.push_back(self);
  return outcome;
}

void RevisionWaiters::check(store::Store& store, const store::NodeRecord& self) {
  auto now = Clock::now();
  if (now < due()) return;
  const Outcome seen = look(store, self);
  next_ = now + (seen.unknown ? kAfterFailure : kInterval);
  std::vector<Waiter> waiting;
  for (Waiter& waiter : waiters_) {
    Outcome own = seen;
    std::erase_if(own.lagging,
                  [&](const store::NodeRecord& node) { return node.revision >= waiter.revision; });
    bool there = !own.unknown && own.lagging.empty();
    if (there || now >= waiter.deadline) {
      waiter.done(own);
    } else {
      waiting.push_back(std::move(waiter));
    }
  }
  waiters_ = std::move(waiting);
}

void RevisionWaiters::endAll(store::Store& store, const store::NodeRecord& self) {
  for (Waiter& waiter : waiters_) waiter.deadline = {};
  check(store, self);
}

}  // namespace tollgate::server
