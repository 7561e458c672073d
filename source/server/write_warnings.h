#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/net/open_admin.h"
#include "source/route/route_table.h"
#include "source/store/store.h"

namespace tollgate::server {

/// What whoever writes an entity is told although it is written. Control thread.
struct WriteWarnings {
  store::Store& store;                        ///< For what the entity refers to.
  const net::OpenAdmin* openAdmin = nullptr;  ///< Null if no way may lead there unseen.
  const route::RouteTable* routes = nullptr;  ///< As they are before the write; may be null.

  std::vector<std::string> of(std::string_view kind, const Json& doc) const;

 private:
  bool serviceLeadsToAdmin(const Json& service) const;
  bool routeLeadsToAdmin(const Json& route) const;
  bool targetLeadsToAdmin(const Json& target) const;
  bool listenerLeadsToAdmin(const Json& listener) const;
  void ofRegexes(const Json& route, std::vector<std::string>& out) const;
};

}  // namespace tollgate::server
