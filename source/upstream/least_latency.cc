#include "source/upstream/least_latency.h"

#include <cmath>

#include "source/upstream/cluster.h"

namespace tollgate::upstream {
namespace {

/// Draws before all members are looked at one by one.
constexpr int kDraws = 8;

double decayed(const EndpointLoad& load, event::TimePoint now) {
  const double age = std::chrono::duration<double>(now - load.touched).count();
  return load.ewma * std::exp(-std::max(age, 0.0) / LeastLatency::kDecaySeconds);
}

}  // namespace

LeastLatency::LeastLatency(const Cluster& cluster, size_t worker, uint64_t seed,
                           event::TimePoint now)
    : cluster_(cluster),
      worker_(worker),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {
  double sum = 0;
  size_t known = 0;
  for (uint32_t i = 0; i < cluster.members().size(); ++i) {
    const EndpointLoad& load = cluster.load(i, worker);
    if (load.touched == event::TimePoint{}) continue;
    sum += decayed(load, now);
    ++known;
  }
  if (known == 0) return;
  for (uint32_t i = 0; i < cluster.members().size(); ++i) {
    EndpointLoad& load = cluster.load(i, worker);
    if (load.touched != event::TimePoint{}) continue;
    load.ewma = sum / static_cast<double>(known);
    load.touched = now;
  }
}

double LeastLatency::score(uint32_t member, event::TimePoint now) const {
  return decayed(cluster_.load(member, worker_), now) / cluster_.members()[member].weight;
}

bool LeastLatency::usable(uint32_t member, const Request& request) const {
  return cluster_.members()[member].weight > 0 && cluster_.available(member) &&
         !request.hasTried(member);
}

uint32_t LeastLatency::draw(const Request& request, uint32_t besides) {
  const auto count = static_cast<uint32_t>(cluster_.members().size());
  if (count == 0) return kNone;
  for (int i = 0; i < kDraws; ++i) {
    const auto member = static_cast<uint32_t>(random_() % count);
    if (member != besides && usable(member, request)) return member;
  }
  uint32_t chosen = kNone, seen = 0;
  for (uint32_t member = 0; member < count; ++member) {
    if (member == besides || !usable(member, request)) continue;
    if (random_() % ++seen == 0) chosen = member;
  }
  return chosen;
}

uint32_t LeastLatency::pick(const Request& request) {
  const uint32_t first = draw(request, kNone);
  if (first == kNone) return kNone;
  const uint32_t second = draw(request, first);
  if (second == kNone) return first;
  return score(second, request.now) < score(first, request.now) ? second : first;
}

void LeastLatency::answered(uint32_t member, double seconds, event::TimePoint now) {
  EndpointLoad& load = cluster_.load(member, worker_);
  const double age = std::chrono::duration<double>(now - load.touched).count();
  const double kept = std::exp(-std::max(age, 0.0) / kDecaySeconds);
  load.ewma = load.ewma * kept + seconds * (1 - kept);
  load.touched = now;
}

}  // namespace tollgate::upstream
