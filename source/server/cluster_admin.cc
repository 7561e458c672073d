#include "source/server/cluster_admin.h"

#include <unordered_map>

namespace tollgate::server {
namespace {

/// How long an answer waits for names that are being resolved for the first time.
constexpr std::chrono::milliseconds kResolveLimit{2000};

std::string textOf(const schema::Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

admin::UpstreamHealth::Balancer ClusterAdmin::query(const schema::Json& upstream,
                                                    const std::vector<schema::Json>& targets) {
  Balancer out;
  out.targets.resize(targets.size());
  auto health = registry_.health(textOf(upstream, "name"), kResolveLimit);
  if (!health) return out;
  out.checked = health->checks;
  out.healthy = health->serves;
  std::unordered_map<std::string, const upstream::TargetHealth*> byId;
  for (const upstream::TargetHealth& target : health->targets) byId[target.id] = &target;
  for (size_t i = 0; i < targets.size(); ++i) {
    auto found = byId.find(textOf(targets[i], "id"));
    if (found == byId.end()) continue;
    out.targets[i].dns = found->second->dns;
    for (const upstream::AddressHealth& address : found->second->addresses) {
      out.targets[i].addresses.push_back(
          {address.ip, address.port, address.weight, address.healthy});
    }
  }
  return out;
}

Status ClusterAdmin::mark(const schema::Json& upstream, const schema::Json& target,
                          const std::string& address, bool healthy) {
  return registry_.setHealth(textOf(upstream, "name"), textOf(target, "id"), address, healthy);
}

}  // namespace tollgate::server
