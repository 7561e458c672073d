#include "source/server/cluster_admin.h"

#include <unordered_map>

#include "source/log/error_log.h"
#include "source/schema/json_text.h"

namespace tollgate::server {
namespace {

/// How long an answer waits for names that are being resolved for the first time.
constexpr std::chrono::milliseconds kResolveLimit{2000};

std::string textOf(const Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

admin::UpstreamHealth::Balancer ClusterAdmin::query(const Json& upstream,
                                                    const std::vector<Json>& targets) {
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

Status ClusterAdmin::mark(const Json& upstream, const Json& target, const std::string& address,
                          bool healthy) {
  const std::string name = textOf(upstream, "name"), id = textOf(target, "id");
  if (Status set = registry_.setHealth(name, id, address, healthy); !set) return set;
  const Json message = {
      {"mark_target", id}, {"upstream", name}, {"address", address}, {"healthy", healthy}};
  if (Status told = tell_(message.dump()); !told) {
    log::error(log::Level::kError,
               "upstream " + name + ": marked on this node only: " + told.error().text());
  }
  return {};
}

void ClusterAdmin::hear(upstream::ClusterRegistry& registry, const std::string& message) {
  const Json doc = schema::parseJson(message);
  if (!doc.is_object() || !doc.contains("mark_target")) return;
  auto healthy = doc.find("healthy");
  if (healthy == doc.end() || !healthy->is_boolean()) return;
  Status set = registry.setHealth(textOf(doc, "upstream"), textOf(doc, "mark_target"),
                                  textOf(doc, "address"), healthy->get<bool>());
  if (!set) log::error(log::Level::kNotice, "a mark of another node: " + set.error().text());
}

}  // namespace tollgate::server
