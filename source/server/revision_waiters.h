#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "source/store/node_registry.h"

namespace tollgate::server {

/// Requests that wait until all live nodes run a revision. They are parked here while the control
/// thread does other work; it looks into the registry for all of them at once. Control thread.
class RevisionWaiters {
 public:
  using Clock = std::chrono::steady_clock;
  /// How a wait ended: nobody lags, or some do, or (`unknown`) the registry did not answer.
  struct Outcome {
    std::vector<store::NodeRecord> lagging;
    bool unknown = false;
  };
  using Done = std::function<void(const Outcome&)>;

  /// Of the nodes that lag, no more than this many are named.
  static constexpr size_t kNamedAtMost = 100;

  RevisionWaiters(store::NodeRegistry::Limits limits, size_t atMost)
      : limits_(limits), atMost_(atMost) {}

  /// Calls `done` once, from check() or, where too many wait already, at once.
  void add(store::Revision revision, Clock::time_point deadline, Done done);
  /// Answers those whose wait is over. `self` tells what this node runs.
  void check(store::Store& store, const store::NodeRecord& self);
  /// Answers all with who lags now: the node ends.
  void endAll(store::Store& store, const store::NodeRecord& self);
  /// When check() has something to do; max() while nobody waits.
  Clock::time_point due() const;

 private:
  struct Waiter {
    store::Revision revision;
    Clock::time_point deadline;
    Done done;
  };
  Outcome look(store::Store& store, const store::NodeRecord& self) const;

  store::NodeRegistry::Limits limits_;
  size_t atMost_;
  std::vector<Waiter> waiters_;
  Clock::time_point next_{};
};

}  // namespace tollgate::server
