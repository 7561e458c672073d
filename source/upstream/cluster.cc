#include "source/upstream/cluster.h"

#include "source/upstream/balancer.h"
#include "source/upstream/cluster_health.h"
#include "source/upstream/least_connections.h"
#include "source/upstream/least_latency.h"
#include "source/upstream/round_robin.h"

namespace tollgate::upstream {
namespace {

HashRing buildRing(const Cluster& cluster) {
  std::vector<HashRing::Entry> entries;
  entries.reserve(cluster.members().size());
  for (uint32_t i = 0; i < cluster.members().size(); ++i) {
    const Member& member = cluster.members()[i];
    const TargetSpec& target = cluster.spec().targets[member.target];
    HashRing::Entry entry;
    entry.targetHost = target.host;
    entry.targetPort = target.port;
    entry.ip = shownAddress(cluster, i);
    entry.port = cluster.portOf(i);
    entry.weight = member.weight;
    entry.member = i;
    entries.push_back(std::move(entry));
  }
  return HashRing(std::move(entries), cluster.spec().targets.size(), cluster.spec().slots);
}

}  // namespace

Cluster::Cluster(Parts parts)
    : parts_(std::move(parts)), healthChecks_(parts_.spec->healthChecks()) {
  std::vector<uint32_t> weights;
  weights.reserve(parts_.members.size());
  for (const Member& member : parts_.members) {
    weights.push_back(member.weight);
    weighted_ += member.weight > 0 ? 1 : 0;
  }
  if (parts_.spec->algorithm == Algorithm::kRoundRobin) wheel_ = buildWheel(weights, parts_.seed);
  if (parts_.spec->algorithm == Algorithm::kConsistentHashing) ring_ = buildRing(*this);
}

Cluster::Weight Cluster::weight(int target) const {
  Weight sum;
  for (uint32_t i = 0; i < parts_.members.size(); ++i) {
    const Member& member = parts_.members[i];
    if (target >= 0 && member.target != static_cast<uint32_t>(target)) continue;
    sum.total += member.weight;
    if (available(i)) sum.available += member.weight;
  }
  return sum;
}

bool Cluster::serves(const Weight& weight) const {
  return weight.total > 0 && 100.0 * static_cast<double>(weight.available) >
                                 parts_.spec->threshold * static_cast<double>(weight.total);
}

void Cluster::turned(uint32_t member, bool changed) const {
  if (!changed) return;
  parts_.health->changes.fetch_add(1, std::memory_order_release);
  const Endpoint& endpoint = *parts_.members[member].endpoint;
  if (parts_.health->listener != nullptr) {
    parts_.health->listener->onHealthChange(parts_.spec->name, endpoint, endpoint.health.healthy());
  }
}

void Cluster::report(uint32_t member, HealthEvent event, const HealthLimits& limits) const {
  if (healthChecks_) turned(member, parts_.members[member].endpoint->health.report(event, limits));
}

void Cluster::reportStatus(uint32_t member, int status, const HealthLimits& limits) const {
  if (!healthChecks_) return;
  turned(member, parts_.members[member].endpoint->health.reportStatus(status, limits));
}

void Cluster::setHealth(uint32_t member, bool healthy) const {
  turned(member, parts_.members[member].endpoint->health.set(healthy));
}

std::string_view Cluster::hostOf(uint32_t member) const {
  if (!parts_.spec->hostHeader.empty()) return parts_.spec->hostHeader;
  return parts_.members[member].endpoint->host();
}

uint16_t Cluster::portOf(uint32_t member) const {
  const Member& chosen = parts_.members[member];
  const net::Address& address = chosen.endpoint->address();
  return address.valid() ? address.port() : parts_.spec->targets[chosen.target].port;
}

std::unique_ptr<Balancer> makeBalancer(const Cluster& cluster, size_t worker, uint64_t seed,
                                       event::TimePoint now) {
  switch (cluster.spec().algorithm) {
    case Algorithm::kConsistentHashing:
      return std::make_unique<ConsistentHashing>(cluster);
    case Algorithm::kLeastConnections:
      return std::make_unique<LeastConnections>(cluster, worker);
    case Algorithm::kLatency:
      return std::make_unique<LeastLatency>(cluster, worker, seed, now);
    case Algorithm::kRoundRobin:
      break;
  }
  return std::make_unique<RoundRobin>(cluster, seed);
}

}  // namespace tollgate::upstream
