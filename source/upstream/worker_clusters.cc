#include "source/upstream/worker_clusters.h"

namespace tollgate::upstream {
namespace {

/// SplitMix64: neighbouring numbers become unrelated ones.
uint64_t scatter(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

ClusterView::ClusterView(WorkerClusters& table, uint32_t slot,
                         std::shared_ptr<const Cluster> cluster, uint64_t seed,
                         event::TimePoint now)
    : table_(table),
      slot_(slot),
      cluster_(std::move(cluster)),
      balancer_(makeBalancer(*cluster_, table.worker(), seed, now)),
      healthSeen_(cluster_->healthChanges()),
      serves_(cluster_->serves(cluster_->weight())) {}

bool ClusterView::serves() {
  const uint32_t changes = cluster_->healthChanges();
  if (changes != healthSeen_) {
    healthSeen_ = changes;
    serves_ = cluster_->serves(cluster_->weight());
  }
  return serves_;
}

uint32_t ClusterView::pick(const Balancer::Request& request) {
  return serves() ? balancer_->pick(request) : Balancer::kNone;
}

void ClusterView::count(uint32_t member, int change) {
  EndpointLoad& load = cluster_->load(member, table_.worker());
  load.active += static_cast<uint32_t>(change);
  ClusterView* current = table_.find(slot_);
  if (current == this) return balancer_->loadChanged(member);
  if (current == nullptr || current->cluster_->spec().algorithm != Algorithm::kLeastConnections) {
    return;
  }
  // The endpoint may be one of the newer version as well, whose order depends on its load.
  const Endpoint* endpoint = cluster_->members()[member].endpoint.get();
  const std::vector<Member>& members = current->cluster_->members();
  for (uint32_t i = 0; i < members.size(); ++i) {
    if (members[i].endpoint.get() == endpoint) current->balancer_->loadChanged(i);
  }
}

WorkerClusters::~WorkerClusters() {
  for (Slot& slot : slots_) {
    if (slot.view != nullptr) slot.view->release();
  }
}

void WorkerClusters::set(uint32_t slot, std::shared_ptr<const Cluster> cluster,
                         event::TimePoint now) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  ClusterView* before = slots_[slot].view;
  slots_[slot].view = nullptr;
  if (cluster != nullptr) {
    const uint64_t seed = scatter(scatter(worker_ + 1) + ++seeds_);
    slots_[slot].view = new ClusterView(*this, slot, std::move(cluster), seed, now);
  }
  if (before != nullptr) before->release();
  std::vector<std::function<void()>> waiters = std::move(slots_[slot].waiters);
  slots_[slot].waiters.clear();
  for (auto& waiter : waiters) waiter();
}

void WorkerClusters::wait(uint32_t slot, std::function<void()> waiter) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  slots_[slot].waiters.push_back(std::move(waiter));
}

}  // namespace tollgate::upstream
