#include "source/config/compiled_plugins.h"

#include <algorithm>
#include <tuple>

#include "source/config/document.h"
#include "source/config/refusing_filter.h"
#include "source/config/unopened.h"
#include "source/schema/message.h"

namespace tollgate::config {
namespace {

constexpr int kNoRank = 99;
constexpr int kConsumerRank = 5;
/// Before all others: what a plugin of an unknown name would have refused is not known.
constexpr int kPriorityOfUnknown = 1'000'000;

/// Kong's order of precedence of the scopes, 1 the most specific.
int rankOf(bool route, bool service, bool consumer) {
  if (consumer) {
    if (route && service) return 1;
    if (route) return 2;
    return service ? 3 : kConsumerRank;
  }
  if (route && service) return 4;
  if (route) return 6;
  return service ? 7 : 8;
}

Status fillConfig(const Json& doc, google::protobuf::Message& message) {
  auto found = doc.find("config");
  if (found == doc.end()) return {};
  Json relevant = {{"name", doc.value("name", Json())}, {"config", *found}};
  emptyUnopened(*schema::EntitySchema::find("plugins"), relevant);
  return schema::fillMessage(relevant["config"], message);
}

}  // namespace

void CompiledPlugins::put(const std::string& id, const Json& doc) {
  remove(id);
  keep(compile(id, doc));
}

void CompiledPlugins::putUnreadable(const std::string& id, const Json& doc) {
  if (plugins_.contains(id) || !doc.is_object()) return;
  for (const char* field : {"route", "service", "consumer"}) {
    auto reference = doc.find(field);
    if (reference != doc.end() && !reference->is_null() && referenceOf(doc, field).empty()) return;
  }
  keep(refusing(read(id, doc)));
}

void CompiledPlugins::keep(std::unique_ptr<Plugin> plugin) {
  if (plugin->enabled) enter(*plugin);
  std::unique_ptr<Plugin>& place = plugins_[plugin->id];
  place = std::move(plugin);
}

std::unique_ptr<CompiledPlugins::Plugin> CompiledPlugins::read(const std::string& id,
                                                               const Json& doc) {
  auto plugin = std::make_unique<Plugin>();
  plugin->id = id;
  plugin->name = textOf(doc, "name");
  plugin->enabled = flagOf(doc, "enabled", true);
  plugin->routeId = referenceOf(doc, "route");
  plugin->serviceId = referenceOf(doc, "service");
  plugin->consumerId = referenceOf(doc, "consumer");
  return plugin;
}

std::unique_ptr<CompiledPlugins::Plugin> CompiledPlugins::refusing(std::unique_ptr<Plugin> plugin) {
  const http::HttpFilterFactory* factory = http::HttpFilterRegistry::find(plugin->name);
  plugin->priority = factory != nullptr ? factory->priority() : kPriorityOfUnknown;
  plugin->filter = std::make_shared<RefusingFilter>();
  return plugin;
}

void CompiledPlugins::remove(const std::string& id) {
  problems_.clear(id);
  auto found = plugins_.find(id);
  if (found == plugins_.end()) return;
  if (found->second->enabled) leave(*found->second);
  plugins_.erase(found);
}

/// One that refuses, and a problem, if there can be no such filter.
std::unique_ptr<CompiledPlugins::Plugin> CompiledPlugins::compile(const std::string& id,
                                                                  const Json& doc) {
  auto plugin = read(id, doc);
  auto fail = [&](std::string message) {
    if (plugin->enabled) message += "; requests in its scope are answered with 503";
    problems_.add(id,
                  Error::invalid(std::move(message), "plugin " + id + " (" + plugin->name + ")"));
    return refusing(std::move(plugin));
  };
  const http::HttpFilterFactory* factory = http::HttpFilterRegistry::find(plugin->name);
  if (factory == nullptr) return fail("no filter of that name in this build");
  auto config = factory->newConfig();
  Status filled = fillConfig(doc, *config);
  if (!filled) return fail(filled.error().message);
  http::FilterContext context = context_;
  context.pluginId = id;
  context.routeId = plugin->routeId;
  context.serviceId = plugin->serviceId;
  context.consumerId = plugin->consumerId;
  auto filter = factory->create(*config, context);
  if (!filter) return fail(filter.error().message);
  plugin->filter = std::move(filter).value();
  plugin->priority = factory->priority();
  return plugin;
}

void CompiledPlugins::enter(const Plugin& plugin) {
  auto join = [&](Scopes& scopes, const std::string& id, auto hold) {
    Scope& scope = scopes[id];
    if (scope.number == 0) scope.number = hold(id);
    scope.plugins.push_back(&plugin);
  };
  if (!plugin.routeId.empty()) {
    join(ofRoutes_, plugin.routeId, [&](auto& id) { return routes_.numbers().hold(id); });
    staleRoutes_.insert(plugin.routeId);
  } else if (!plugin.serviceId.empty()) {
    join(ofServices_, plugin.serviceId, [&](auto& id) { return services_.numbers().hold(id); });
    staleServices_.insert(plugin.serviceId);
  } else if (!plugin.consumerId.empty()) {
    join(ofConsumers_, plugin.consumerId, [&](auto& id) { return consumers_.hold(id); });
    staleConsumers_.insert(plugin.consumerId);
    ConsumersOwn& own = consumersOwn_[plugin.name];
    own.plugins.insert(&plugin);
    own.priority = plugin.priority;
    staleNames_.insert(plugin.name);
  } else {
    global_.push_back(&plugin);
    allStale_ = true;
  }
}

void CompiledPlugins::leave(const Plugin& plugin) {
  if (!plugin.routeId.empty()) {
    std::erase(ofRoutes_[plugin.routeId].plugins, &plugin);
    staleRoutes_.insert(plugin.routeId);
  } else if (!plugin.serviceId.empty()) {
    std::erase(ofServices_[plugin.serviceId].plugins, &plugin);
    staleServices_.insert(plugin.serviceId);
  } else if (!plugin.consumerId.empty()) {
    std::erase(ofConsumers_[plugin.consumerId].plugins, &plugin);
    staleConsumers_.insert(plugin.consumerId);
    consumersOwn_[plugin.name].plugins.erase(&plugin);
    staleNames_.insert(plugin.name);
  } else {
    std::erase(global_, &plugin);
    allStale_ = true;
  }
}

void CompiledPlugins::settle() {
  settleConsumers();
  settleNames();
  if (allStale_) {
    globalPlan_ = planFor({}, {});
    for (const auto& [id, scope] : ofServices_) staleServices_.insert(id);
    for (const auto& [id, scope] : ofRoutes_) staleRoutes_.insert(id);
  }
  allStale_ = false;
  for (const std::string& id : std::exchange(staleServices_, {})) {
    auto found = ofServices_.find(id);
    if (found == ofServices_.end()) continue;
    uint32_t number = found->second.number;
    if (!ofRoutes_.empty()) {
      routes_.forEachOfService(number, [&](const std::string& route) {
        if (ofRoutes_.count(route) > 0) staleRoutes_.insert(route);
      });
    }
    bool empty = found->second.plugins.empty();
    servicePlans_.edit(number) = empty ? nullptr : planFor({}, id);
    if (!empty) continue;
    ofServices_.erase(found);
    services_.numbers().release(id);
  }
  for (std::string& id : routes_.takeRebound()) {
    if (ofRoutes_.count(id) > 0) staleRoutes_.insert(std::move(id));
  }
  for (const std::string& id : std::exchange(staleRoutes_, {})) {
    auto found = ofRoutes_.find(id);
    if (found == ofRoutes_.end()) continue;
    bool empty = found->second.plugins.empty();
    routePlans_.edit(found->second.number) = empty ? nullptr : planFor(id, routes_.serviceIdOf(id));
    if (!empty) continue;
    ofRoutes_.erase(found);
    routes_.numbers().release(id);
  }
}

void CompiledPlugins::settleConsumers() {
  for (const std::string& id : std::exchange(staleConsumers_, {})) {
    auto found = ofConsumers_.find(id);
    if (found == ofConsumers_.end()) continue;
    const Scope& scope = found->second;
    Ref<http::ConsumerFilters> filters;
    if (!scope.plugins.empty()) filters = makeRef<http::ConsumerFilters>();
    for (const Plugin* plugin : scope.plugins) {
      filters->entries.emplace_back(plugin->name, plugin->filter);
    }
    consumers_.setFilters(scope.number, std::move(filters));
    if (!scope.plugins.empty()) continue;
    consumers_.release(scope.number);
    ofConsumers_.erase(found);
  }
}

/// Plans only have to know which names consumers have of their own, and what those need.
void CompiledPlugins::settleNames() {
  for (const std::string& name : std::exchange(staleNames_, {})) {
    auto found = consumersOwn_.find(name);
    if (found == consumersOwn_.end()) continue;
    ConsumersOwn& own = found->second;
    http::FilterNeeds needs;
    for (const Plugin* plugin : own.plugins) needs.add(*plugin->filter);
    allStale_ = allStale_ || own.plugins.empty() || needs != own.needs;
    own.needs = needs;
    if (own.plugins.empty()) consumersOwn_.erase(found);
  }
}

/// What may stand in a plan: a plugin, or the plugins of one name that consumers have of their own.
struct CompiledPlugins::Item {
  int priority;
  std::string_view name;
  const Plugin* plugin;
  const ConsumersOwn* own;

  auto order() const {
    return std::make_tuple(priority, name, plugin != nullptr ? std::string_view(plugin->id) : "");
  }
};

std::vector<CompiledPlugins::Item> CompiledPlugins::itemsFor(const Scope* route,
                                                             const Scope* service,
                                                             const std::string& serviceId,
                                                             const std::string& routeId) const {
  std::vector<Item> items;
  auto take = [&](const Plugin* plugin) {
    if (!plugin->serviceId.empty() && plugin->serviceId != serviceId) return;
    if (!plugin->routeId.empty() && plugin->routeId != routeId) return;
    items.push_back({plugin->priority, plugin->name, plugin, nullptr});
  };
  for (const Plugin* plugin : global_) take(plugin);
  if (route != nullptr) std::for_each(route->plugins.begin(), route->plugins.end(), take);
  if (service != nullptr) std::for_each(service->plugins.begin(), service->plugins.end(), take);
  for (const auto& [name, own] : consumersOwn_) {
    items.push_back({own.priority, name, nullptr, &own});
  }
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return a.order() > b.order(); });
  return items;
}

std::shared_ptr<const http::FilterPlan> CompiledPlugins::planFor(
    const std::string& routeId, const std::string& serviceId) const {
  auto scopeIn = [](const Scopes& scopes, const std::string& id) {
    auto found = id.empty() ? scopes.end() : scopes.find(id);
    return found != scopes.end() ? &found->second : nullptr;
  };
  auto plan = std::make_shared<http::FilterPlan>();
  int fallback = kNoRank;
  std::unordered_map<std::string_view, int> variants;  // the best rank of each consumer
  for (const Item& item :
       itemsFor(scopeIn(ofRoutes_, routeId), scopeIn(ofServices_, serviceId), serviceId, routeId)) {
    if (plan->entries.empty() || plan->entries.back().name != item.name) {
      plan->entries.emplace_back().name = item.name;
      fallback = kNoRank;
      variants.clear();
    }
    http::PlanEntry& entry = plan->entries.back();
    if (item.plugin == nullptr) {  // the last one of its name
      entry.consumersOwn = fallback > kConsumerRank;
      entry.ofConsumers = item.own->needs;
      continue;
    }
    const Plugin& plugin = *item.plugin;
    int rank =
        rankOf(!plugin.routeId.empty(), !plugin.serviceId.empty(), !plugin.consumerId.empty());
    int& best = plugin.consumerId.empty()
                    ? fallback
                    : variants.try_emplace(plugin.consumerId, kNoRank).first->second;
    if (rank >= best) continue;
    best = rank;
    plan->owned.push_back(plugin.filter);
    if (plugin.consumerId.empty()) {
      entry.fallback = plugin.filter.get();
    } else {
      entry.variants[plugin.consumerId] = plugin.filter.get();
    }
  }
  plan->finish();
  return plan;
}

}  // namespace tollgate::config
