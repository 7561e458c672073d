#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/upstream/balancer.h"

namespace tollgate::upstream {

/// The hash that points of the ring and values of requests are placed by.
uint32_t ringHash(std::string_view text);

/// The ring of consistent hashing: points between 0 and `slots` - 1, some of them owned by a
/// member. The same members give the same ring on every node. Immutable.
class HashRing {
 public:
  static constexpr uint32_t kMinSlots = 1000;
  static constexpr uint32_t kPointsPerTarget = 160;

  struct Entry {
    std::string targetHost;  ///< With targetPort and address: the order in which points are given.
    uint16_t targetPort = 0;
    std::string ip;  ///< IPv6 in brackets; a name where that is resolved for every request.
    uint16_t port = 0;
    uint32_t weight = 0;
    uint32_t member = 0;
  };
  HashRing() = default;
  /// Points are shared by weight, kPointsPerTarget for each of `targets` on the average (fewer
  /// where that would be more than there are slots), at least one for each entry with a weight as
  /// long as there are free ones.
  HashRing(std::vector<Entry> entries, size_t targets, uint32_t slots);

  /// Walks down from the point of `hash` over the owned points and gives their owners to `visit`
  /// until that returns true or all points were seen.
  template <typename F>
  void walk(uint32_t hash, F&& visit) const {
    if (points_.empty()) return;
    size_t at = below(hash % slots_);
    for (size_t left = points_.size(); left > 0; --left) {
      if (visit(points_[at].member)) return;
      at = at == 0 ? points_.size() - 1 : at - 1;
    }
  }
  size_t points() const { return points_.size(); }

 private:
  struct Point {
    uint32_t place;
    uint32_t member;
  };
  /// The last owned point at or before `place`, else the last of all.
  size_t below(uint32_t place) const;

  std::vector<Point> points_;  ///< By place.
  uint32_t slots_ = kMinSlots;
};

/// Consistent hashing over the cluster's ring.
class ConsistentHashing final : public Balancer {
 public:
  explicit ConsistentHashing(const Cluster& cluster) : cluster_(cluster) {}
  uint32_t pick(const Request& request) override;

 private:
  const Cluster& cluster_;
};

}  // namespace tollgate::upstream
