#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/upstream/cluster.h"

namespace tollgate::upstream {

/// A cluster of addresses 10.0.0.1, 10.0.0.2, … with these weights, port 80.
inline std::shared_ptr<const Cluster> clusterOf(Algorithm algorithm,
                                                const std::vector<uint32_t>& weights,
                                                uint8_t tcpFailures = 1, uint32_t slots = 10000,
                                                size_t workers = 1) {
  auto spec = std::make_shared<ClusterSpec>();
  spec->name = "up";
  spec->algorithm = algorithm;
  spec->slots = slots;
  spec->passive.tcpFailures = tcpFailures;
  Cluster::Parts parts;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    std::string host = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
    spec->targets.push_back({"t" + std::to_string(i), host, 80, weights[i]});
    auto endpoint = std::make_shared<Endpoint>(*net::Address::parse(host, 80), host, workers);
    parts.members.push_back({std::move(endpoint), weights[i], i, false});
    parts.names.push_back({"A", ""});
  }
  parts.spec = std::move(spec);
  parts.health = std::make_shared<HealthEpoch>();
  parts.seed = 7;
  return std::make_shared<const Cluster>(std::move(parts));
}

}  // namespace tollgate::upstream
