#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "source/base/cow_vector.h"
#include "source/config/compiled_consumers.h"
#include "source/config/compiled_kind.h"
#include "source/config/compiled_routes.h"
#include "source/config/compiled_services.h"
#include "source/http/filter_factory.h"
#include "source/http/filter_plan.h"

namespace tollgate::config {

/// Plugins, made into filters when they come, and the plans that follow from them: one for all
/// routes, one for each service and for each route that has plugins of its own. A plugin that is
/// bound to a consumer alone is no part of any plan but goes with the consumer.
class CompiledPlugins final : public CompiledKind {
 public:
  using Plans = CowVector<std::shared_ptr<const http::FilterPlan>>;

  CompiledPlugins(CompiledServices& services, CompiledRoutes& routes, CompiledConsumers& consumers,
                  Problems& problems, http::FilterContext context)
      : services_(services),
        routes_(routes),
        consumers_(consumers),
        problems_(problems),
        context_(std::move(context)) {}

  /// One that cannot be made refuses the requests in its scope.
  void put(const std::string& id, const Json& doc) override;
  /// One of another shape than this program expects: refuses the requests in its scope, unless the
  /// form in which it came before runs, or its scope cannot be read either.
  void putUnreadable(const std::string& id, const Json& doc);
  void remove(const std::string& id) override;
  size_t size() const override { return plugins_.size(); }

  /// Brings the plans up to date after any number of changes, also to routes.
  void settle();
  const std::shared_ptr<const http::FilterPlan>& globalPlan() const { return globalPlan_; }
  const Plans& servicePlans() const { return servicePlans_; }
  const Plans& routePlans() const { return routePlans_; }

 private:
  struct Plugin {
    std::string id, name, routeId, serviceId, consumerId;
    int priority = 0;
    bool enabled = true;
    std::shared_ptr<const http::HttpFilter> filter;
  };
  /// The enabled plugins of one route, service or consumer, and its number, held while there are
  /// some.
  struct Scope {
    std::vector<const Plugin*> plugins;
    uint32_t number = 0;
  };
  using Scopes = std::unordered_map<std::string, Scope>;
  /// The plugins of one name that are bound to a consumer alone.
  struct ConsumersOwn {
    std::unordered_set<const Plugin*> plugins;
    int priority = 0;
    http::FilterNeeds needs;
  };
  struct Item;

  void keep(std::unique_ptr<Plugin> plugin);
  static std::unique_ptr<Plugin> read(const std::string& id, const Json& doc);
  static std::unique_ptr<Plugin> refusing(std::unique_ptr<Plugin> plugin);
  std::unique_ptr<Plugin> compile(const std::string& id, const Json& doc);
  void enter(const Plugin& plugin);
  void leave(const Plugin& plugin);
  void settleConsumers();
  void settleNames();
  std::vector<Item> itemsFor(const Scope* route, const Scope* service, const std::string& serviceId,
                             const std::string& routeId) const;
  std::shared_ptr<const http::FilterPlan> planFor(const std::string& routeId,
                                                  const std::string& serviceId) const;

  CompiledServices& services_;
  CompiledRoutes& routes_;
  CompiledConsumers& consumers_;
  Problems& problems_;
  const http::FilterContext context_;  ///< What every filter gets, whatever it is bound to.

  std::unordered_map<std::string, std::unique_ptr<Plugin>> plugins_;
  std::vector<const Plugin*> global_;
  Scopes ofRoutes_, ofServices_, ofConsumers_;
  std::map<std::string, ConsumersOwn> consumersOwn_;
  // What settle() has to do.
  bool allStale_ = true;
  std::unordered_set<std::string> staleRoutes_, staleServices_, staleConsumers_;
  std::set<std::string> staleNames_;

  std::shared_ptr<const http::FilterPlan> globalPlan_;
  Plans servicePlans_, routePlans_;
};

}  // namespace tollgate::config
