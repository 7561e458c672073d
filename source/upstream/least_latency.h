#pragma once

#include <random>
#include <vector>

#include "source/upstream/balancer.h"

namespace tollgate::upstream {

/// Of two members drawn at random the one that answers faster, relative to its weight: an average
/// of the time until the response head that forgets over ten seconds, so that a member that was
/// slow is asked again. New members begin at the mean of the others. O(1) unless most members are
/// unusable.
class LeastLatency final : public Balancer {
 public:
  static constexpr double kDecaySeconds = 10;

  LeastLatency(const Cluster& cluster, size_t worker, uint64_t seed, event::TimePoint now);
  uint32_t pick(const Request& request) override;
  void answered(uint32_t member, double seconds, event::TimePoint now) override;

 private:
  double score(uint32_t member, event::TimePoint now) const;
  bool usable(uint32_t member, const Request& request) const;
  /// A usable member other than `besides`, or kNone.
  uint32_t draw(const Request& request, uint32_t besides);

  const Cluster& cluster_;
  size_t worker_;
  std::minstd_rand random_;
};

}  // namespace tollgate::upstream
