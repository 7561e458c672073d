#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "source/upstream/cluster_spec.h"
#include "source/upstream/endpoint.h"
#include "source/upstream/hash_ring.h"

namespace tollgate::upstream {

/// Told when an endpoint's state turns. Any thread; must not wait.
class HealthListener {
 public:
  virtual void onHealthChange(const std::string& cluster, const Endpoint& endpoint,
                              bool healthy) = 0;

 protected:
  ~HealthListener() = default;
};

/// What all versions of a cluster share about the health of its endpoints.
struct HealthEpoch {
  std::atomic<uint32_t> changes{0};    ///< Counts turns: what was added up before has to be again.
  HealthListener* listener = nullptr;  ///< Outlives the cluster; set before it is published.
};

/// An address to balance over.
struct Member {
  std::shared_ptr<Endpoint> endpoint;
  uint32_t weight = 0;
  uint32_t target = 0;         ///< Of the specification's targets.
  bool resolveAlways = false;  ///< The name has no time to live: resolved for every request.

  bool operator==(const Member&) const = default;
};

/// How a target's name was resolved.
struct TargetNames {
  std::string type;   ///< "A", "AAAA", "SRV", "" while unknown.
  std::string error;  ///< Why there is no address, or "".

  bool operator==(const TargetNames&) const = default;
};

/// One version of an upstream with the addresses of its targets: what requests are balanced over.
/// Immutable but for the state of the endpoints; shared by the workers, made by the registry.
class Cluster {
 public:
  struct Parts {
    std::shared_ptr<const ClusterSpec> spec;
    std::vector<Member> members;     ///< By target, then address.
    std::vector<TargetNames> names;  ///< By target.
    bool settled = true;             ///< False while a target's name has never been answered.
    std::shared_ptr<HealthEpoch> health;
    uint64_t seed = 0;  ///< Of the wheel's order.
  };
  explicit Cluster(Parts parts);

  const ClusterSpec& spec() const { return *parts_.spec; }
  const std::shared_ptr<const ClusterSpec>& sharedSpec() const { return parts_.spec; }
  const std::vector<Member>& members() const { return parts_.members; }
  const std::vector<TargetNames>& names() const { return parts_.names; }
  bool settled() const { return parts_.settled; }
  /// Members with a weight.
  size_t weighted() const { return weighted_; }

  const std::vector<uint32_t>& wheel() const { return wheel_; }
  const HashRing& ring() const { return ring_; }

  bool available(uint32_t member) const {
    return !healthChecks_ || parts_.members[member].endpoint->health.healthy();
  }
  EndpointLoad& load(uint32_t member, size_t worker) const {
    return parts_.members[member].endpoint->load(worker);
  }

  struct Weight {
    uint64_t total = 0, available = 0;
    uint64_t unavailable() const { return total - available; }
  };
  /// Over the members of one target, or over all (`target` < 0). O(members).
  Weight weight(int target = -1) const;
  /// Whether so much weight is available that the cluster serves at all.
  bool serves(const Weight& weight) const;
  /// Changes whenever weight() may.
  uint32_t healthChanges() const { return parts_.health->changes.load(std::memory_order_acquire); }

  // What attempts, probes and people tell of a member. Any thread.
  void report(uint32_t member, HealthEvent event, const HealthLimits& limits) const;
  void reportStatus(uint32_t member, int status, const HealthLimits& limits) const;
  void setHealth(uint32_t member, bool healthy) const;
  bool healthChecks() const { return healthChecks_; }

  /// The name to send as Host and to ask certificates for, without port.
  std::string_view hostOf(uint32_t member) const;
  uint16_t portOf(uint32_t member) const;

 private:
  void turned(uint32_t member, bool changed) const;

  Parts parts_;
  bool healthChecks_;
  size_t weighted_ = 0;
  std::vector<uint32_t> wheel_;  ///< Round-robin only.
  HashRing ring_;                ///< Consistent hashing only.
};

}  // namespace tollgate::upstream
