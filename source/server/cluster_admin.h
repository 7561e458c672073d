#pragma once

#include <functional>
#include <string>

#include "source/admin/upstream_health.h"
#include "source/upstream/cluster_registry.h"

namespace tollgate::server {

/// Shows the Admin API the state of this node's clusters, and sets it by hand on all nodes. Control
/// thread.
class ClusterAdmin final : public admin::UpstreamHealth {
 public:
  /// `tell` takes a message to the other nodes, where hear() takes it up.
  using Tell = std::function<Status(const std::string& message)>;
  ClusterAdmin(upstream::ClusterRegistry& registry, Tell tell)
      : registry_(registry), tell_(std::move(tell)) {}

  /// What another node's mark() has told; anything else is ignored.
  static void hear(upstream::ClusterRegistry& registry, const std::string& message);

  Balancer query(const Json& upstream, const std::vector<Json>& targets) override;
  Status mark(const Json& upstream, const Json& target, const std::string& address,
              bool healthy) override;

 private:
  upstream::ClusterRegistry& registry_;
  Tell tell_;
};

}  // namespace tollgate::server
