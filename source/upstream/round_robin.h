#pragma once

#include <span>
#include <vector>

#include "source/upstream/balancer.h"

namespace tollgate::upstream {

/// The order in which members are visited under round-robin: each as often as its share of the
/// weight, shuffled. Where the weights ask for more than kMaxWheelEntries they are rounded to that
/// many (every member at least once).
constexpr size_t kMaxWheelEntries = 65536;
std::vector<uint32_t> buildWheel(std::span<const uint32_t> weights, uint64_t seed);

/// Walks the cluster's wheel: exact proportions over every full turn.
class RoundRobin final : public Balancer {
 public:
  RoundRobin(const Cluster& cluster, uint64_t seed);
  uint32_t pick(const Request& request) override;

 private:
  const Cluster& cluster_;
  size_t at_;
};

}  // namespace tollgate::upstream
