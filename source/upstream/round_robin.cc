#include "source/upstream/round_robin.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "source/upstream/cluster.h"

namespace tollgate::upstream {

std::vector<uint32_t> buildWheel(std::span<const uint32_t> weights, uint64_t seed) {
  uint64_t divisor = 0, total = 0, members = 0;
  for (uint32_t weight : weights) {
    divisor = std::gcd(divisor, uint64_t{weight});
    total += weight;
    members += weight > 0 ? 1 : 0;
  }
  std::vector<uint32_t> wheel;
  if (total == 0) return wheel;
  const uint64_t limit = std::max<uint64_t>(kMaxWheelEntries, members);
  const bool exact = total / divisor <= limit;
  for (uint32_t member = 0; member < weights.size(); ++member) {
    if (weights[member] == 0) continue;
    const uint64_t entries =
        exact ? weights[member] / divisor : std::max<uint64_t>(weights[member] * limit / total, 1);
    wheel.insert(wheel.end(), entries, member);
  }
  std::mt19937_64 random(seed);
  std::shuffle(wheel.begin(), wheel.end(), random);
  return wheel;
}

RoundRobin::RoundRobin(const Cluster& cluster, uint64_t seed)
    : cluster_(cluster), at_(cluster.wheel().empty() ? 0 : seed % cluster.wheel().size()) {}

uint32_t RoundRobin::pick(const Request& request) {
  const std::vector<uint32_t>& wheel = cluster_.wheel();
  const bool allTried = request.tried.size() >= cluster_.weighted();
  uint32_t tried = kNone;
  for (size_t left = wheel.size(); left > 0; --left) {
    const uint32_t member = wheel[at_];
    at_ = at_ + 1 == wheel.size() ? 0 : at_ + 1;
    if (!cluster_.available(member)) continue;
    if (allTried || !request.hasTried(member)) return member;
    if (tried == kNone) tried = member;
  }
  return tried;
}

}  // namespace tollgate::upstream
