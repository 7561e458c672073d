#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "source/upstream/balancer.h"
#include "source/upstream/cluster.h"

namespace tollgate::upstream {

class WorkerClusters;

/// One version of a cluster as one worker uses it: its balancer, its walk, and whether the cluster
/// serves. A request holds the version that it began with; counted in a plain integer. One worker.
class ClusterView {
 public:
  const Cluster& cluster() const { return *cluster_; }

  void retain() { ++references_; }
  /// May free it.
  void release() {
    if (--references_ == 0) delete this;
  }

  /// A member for a request, or Balancer::kNone: also when too little weight is available.
  uint32_t pick(const Balancer::Request& request);
  /// A request begins at the member, or is over there.
  void begin(uint32_t member) { count(member, 1); }
  void end(uint32_t member) { count(member, -1); }
  void answered(uint32_t member, double seconds, event::TimePoint now) {
    balancer_->answered(member, seconds, now);
  }

 private:
  friend class WorkerClusters;
  ClusterView(WorkerClusters& table, uint32_t slot, std::shared_ptr<const Cluster> cluster,
              uint64_t seed, event::TimePoint now);
  ~ClusterView() = default;
  void count(uint32_t member, int change);
  bool serves();

  WorkerClusters& table_;
  uint32_t slot_;
  std::shared_ptr<const Cluster> cluster_;
  std::unique_ptr<Balancer> balancer_;
  uint64_t references_ = 1;
  uint32_t healthSeen_;
  bool serves_;
};

/// The clusters that one worker balances over, by slot. The registry posts new versions; everything
/// else happens on the worker's thread.
class WorkerClusters {
 public:
  explicit WorkerClusters(size_t worker) : worker_(worker) {}
  ~WorkerClusters();
  WorkerClusters(const WorkerClusters&) = delete;
  WorkerClusters& operator=(const WorkerClusters&) = delete;

  /// The current version, or nullptr if there is no such upstream (any more). Not retained.
  ClusterView* find(uint32_t slot) const {
    return slot < slots_.size() ? slots_[slot].view : nullptr;
  }
  /// Puts a new version in place; nullptr ends the cluster. Wakes those who wait for the slot.
  void set(uint32_t slot, std::shared_ptr<const Cluster> cluster, event::TimePoint now);
  /// Calls `waiter` once, when the slot gets another version.
  void wait(uint32_t slot, std::function<void()> waiter);
  size_t worker() const { return worker_; }

 private:
  friend class ClusterView;
  struct Slot {
    ClusterView* view = nullptr;
    std::vector<std::function<void()>> waiters;
  };
  size_t worker_;
  uint64_t seeds_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace tollgate::upstream
