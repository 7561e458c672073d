#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "source/upstream/probe.h"

namespace tollgate::upstream {

/// Probes the endpoints of one cluster: the healthy and the unhealthy ones at intervals of their
/// own, so many at a time. The first probe comes one interval after the start. One event loop.
class HealthProber {
 public:
  HealthProber(event::EventLoop& loop, buffer::SlabPool& slabs, net::ConnectionRules& rules,
               const ProbeTls& tls)
      : loop_(loop), slabs_(slabs), rules_(rules), tls_(tls) {}
  ~HealthProber();

  /// Goes on with this version. Intervals that have not changed run on.
  void use(std::shared_ptr<const Cluster> cluster);
  size_t underWay() const { return running_.size(); }

 private:
  void onHealthyDue() { due(true, healthyTimer_, cluster_->spec().active.healthyInterval); }
  void onUnhealthyDue() { due(false, unhealthyTimer_, cluster_->spec().active.unhealthyInterval); }
  void due(bool healthy, event::Timer& timer, std::chrono::milliseconds interval);
  void arm(event::Timer& timer, std::chrono::milliseconds before, std::chrono::milliseconds now);
  void startNext();
  void done(Probe& probe);

  event::EventLoop& loop_;
  buffer::SlabPool& slabs_;
  net::ConnectionRules& rules_;
  const ProbeTls& tls_;
  std::shared_ptr<const Cluster> cluster_;
  std::deque<uint32_t> waiting_;  ///< Members of cluster_.
  std::unordered_map<Probe*, std::unique_ptr<Probe>> running_;
  bool starting_ = false;
  std::unordered_set<const Endpoint*> busy_;  ///< Waiting or being probed.
  event::MemberTimer<HealthProber, &HealthProber::onHealthyDue> healthyTimer_{*this};
  event::MemberTimer<HealthProber, &HealthProber::onUnhealthyDue> unhealthyTimer_{*this};
};

/// Whether a cluster of HTTP services is probed at all.
bool isProbed(const ClusterSpec& spec);

}  // namespace tollgate::upstream
