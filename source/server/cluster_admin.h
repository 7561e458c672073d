#pragma once

#include "source/admin/upstream_health.h"
#include "source/upstream/cluster_registry.h"

namespace tollgate::server {

/// Shows the Admin API the state of this node's clusters, and sets it by hand. Control thread.
class ClusterAdmin final : public admin::UpstreamHealth {
 public:
  explicit ClusterAdmin(upstream::ClusterRegistry& registry) : registry_(registry) {}

  Balancer query(const schema::Json& upstream, const std::vector<schema::Json>& targets) override;
  Status mark(const schema::Json& upstream, const schema::Json& target, const std::string& address,
              bool healthy) override;

 private:
  upstream::ClusterRegistry& registry_;
};

}  // namespace tollgate::server
