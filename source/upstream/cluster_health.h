#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/upstream/cluster.h"

/// The state of a cluster as people are shown it.
namespace tollgate::upstream {

struct AddressHealth {
  std::string ip;  ///< IPv6 in brackets; the name where that is resolved for every request.
  uint16_t port = 0;
  uint32_t weight = 0;
  bool healthy = true;
};

struct TargetHealth {
  enum class State { kChecksOff, kHealthy, kUnhealthy, kDnsError };
  std::string id;
  std::string host;
  uint16_t port = 0;
  uint32_t nodeWeight = 0;
  State state = State::kChecksOff;
  std::string dns;  ///< The type of record, or why there is no address.
  Cluster::Weight weight;
  std::vector<AddressHealth> addresses;
};

struct ClusterHealth {
  bool checks = false;  ///< Whether endpoints can become unhealthy.
  bool serves = false;  ///< Whether requests are sent to any of them.
  Cluster::Weight weight;
  std::vector<TargetHealth> targets;  ///< In the order of their creation.
};

ClusterHealth describe(const Cluster& cluster);
/// How an address is shown: "10.0.0.1", IPv6 in brackets and in full, or the target's name.
std::string shownAddress(const Cluster& cluster, uint32_t member);

}  // namespace tollgate::upstream
