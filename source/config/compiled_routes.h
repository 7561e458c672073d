#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/config/compiled_kind.h"
#include "source/config/compiled_services.h"
#include "source/config/numbers.h"
#include "source/route/route_table.h"

namespace tollgate::config {

/// Routes, and the table of those that are in effect: not those of a service that is missing or
/// switched off, nor those without HTTP.
class CompiledRoutes final : public CompiledKind {
 public:
  CompiledRoutes(CompiledServices& services, Problems& problems)
      : services_(services), problems_(problems) {}

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return routes_.size(); }

  /// Lets the routes of services that came, went, or were switched take effect, or stop.
  void followServices();
  /// To be copied for a snapshot.
  const route::RouteTable& settledTable() {
    table_.settle();
    return table_;
  }
  /// Numbers of routes; plans hold those of the routes that they are for.
  Numbers& numbers() { return numbers_; }
  /// The service that a route names, "" if none.
  const std::string& serviceIdOf(const std::string& routeId) const;
  template <typename F>
  void forEachOfService(uint32_t service, const F& visit) const {
    if (service >= byService_.size()) return;
    for (const Record* each = byService_[service]; each != nullptr; each = each->next) {
      visit(*each->id);
    }
  }
  /// The routes that were put in or changed their service since the last call.
  std::vector<std::string> takeRebound() { return std::exchange(rebound_, {}); }

 private:
  struct Record {
    const std::string* id = nullptr;         ///< The key of `routes_`.
    const std::string* serviceId = nullptr;  ///< Held by the services' numbers; nullptr: none.
    uint32_t number = 0;
    uint32_t service = 0;
    route::CompiledRoutePtr rule;  ///< Null for a route without HTTP.
    bool inTable = false;
    Record* previous = nullptr;  ///< Of the same service.
    Record* next = nullptr;
  };
  static const std::string& serviceIdOf(const Record& record);
  void bind(Record& record, const std::string& serviceId);
  void unbind(Record& record);
  void setInTable(Record& record, bool wanted);
  route::CompiledRoutePtr compile(const Record& record, const Json& doc);

  CompiledServices& services_;
  Problems& problems_;
  Numbers numbers_;
  route::RouteTable table_;
  std::unordered_map<std::string, Record> routes_;  ///< By id. Ids are most of what a route takes.
  std::vector<Record*> byService_;  ///< Lists of routes by the number of the service.
  std::vector<std::string> rebound_;
};

}  // namespace tollgate::config
