#include "source/upstream/cluster_health.h"

#include <fmt/format.h>
#include <netinet/in.h>

namespace tollgate::upstream {
namespace {

TargetHealth::State stateOf(const Cluster& cluster, const TargetHealth& target) {
  if (target.addresses.empty()) return TargetHealth::State::kDnsError;
  if (!cluster.healthChecks() || target.nodeWeight == 0) return TargetHealth::State::kChecksOff;
  for (const AddressHealth& address : target.addresses) {
    if (address.healthy) return TargetHealth::State::kHealthy;
  }
  return TargetHealth::State::kUnhealthy;
}

}  // namespace

std::string shownAddress(const Cluster& cluster, uint32_t member) {
  const Member& shown = cluster.members()[member];
  const net::Address& address = shown.endpoint->address();
  if (!address.valid()) return cluster.spec().targets[shown.target].host;
  if (address.family() != AF_INET6) return address.ip();
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.sockaddrPtr());
  std::string out = "[";
  for (int i = 0; i < 16; i += 2) {
    if (i > 0) out += ':';
    out += fmt::format("{:02x}{:02x}", v6->sin6_addr.s6_addr[i], v6->sin6_addr.s6_addr[i + 1]);
  }
  return out + "]";
}

ClusterHealth describe(const Cluster& cluster) {
  ClusterHealth out;
  out.checks = cluster.healthChecks();
  out.weight = cluster.weight();
  out.serves = cluster.serves(out.weight);
  for (size_t i = 0; i < cluster.spec().targets.size(); ++i) {
    const TargetSpec& spec = cluster.spec().targets[i];
    TargetHealth& target = out.targets.emplace_back();
    target.id = spec.id;
    target.host = spec.host;
    target.port = spec.port;
    target.nodeWeight = spec.weight;
    const TargetNames& names = cluster.names()[i];
    target.dns = names.error.empty() ? names.type : names.error;
  }
  for (uint32_t i = 0; i < cluster.members().size(); ++i) {
    const Member& member = cluster.members()[i];
    TargetHealth& target = out.targets[member.target];
    target.addresses.push_back(
        {shownAddress(cluster, i), cluster.portOf(i), member.weight, cluster.available(i)});
    target.weight.total += member.weight;
    if (cluster.available(i)) target.weight.available += member.weight;
  }
  for (TargetHealth& target : out.targets) target.state = stateOf(cluster, target);
  return out;
}

}  // namespace tollgate::upstream
