#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/route/host_name.h"

/// What goes into the route table, what a request is asked, and what comes out.
namespace tollgate::route {

/// What a route wants of a request. All attributes that are set must hold; of the values of one
/// attribute any.
struct RouteSpec {
  std::string id;  ///< UUID text: breaks ties, the greater wins.
  std::vector<std::string> methods;
  std::vector<std::string> hosts;  ///< "a.b", "*.b", "a.*", each with an optional ":port"
  std::vector<std::string> paths;  ///< "/prefix" or "~/regex"
  std::vector<std::string> snis;
  std::vector<std::pair<std::string, std::vector<std::string>>> headers;
  int64_t regexPriority = 0;
  const void* payload = nullptr;      ///< Handed back by a match.
  std::shared_ptr<const void> owner;  ///< Kept while a table has the route; may be null.
};

class HeaderVisitor {
 public:
  virtual void onValue(std::string_view value) = 0;

 protected:
  ~HeaderVisitor() = default;
};

/// The headers of a request, as far as routing needs them.
class HeaderLookup {
 public:
  /// Visits every value of the header; `name` is compared in any case.
  virtual void visit(std::string_view name, HeaderVisitor& visitor) const = 0;

 protected:
  ~HeaderLookup() = default;
};

struct MatchInput {
  std::string_view method;
  HostName host;
  std::string_view normalizedPath;
  std::string_view sni;
  uint16_t destinationPort = 0;  ///< Of the listener; used if the host names none.
  bool tls = false;
  const HeaderLookup* headers = nullptr;
};

struct Match {
  const void* payload = nullptr;
  std::string_view matchedPrefix;  ///< The part of the path that a prefix or regex took.
  bool pathMatched = false;        ///< False if the route has no paths.
  const void* regex = nullptr;     ///< That took the path, for RouteTable::capture(); or nullptr.
  /// The regexes took more time than one path may cost, so that nobody knows the route: no match,
  /// and none of the routes that follow may be taken for one.
  bool tooCostly = false;
};

}  // namespace tollgate::route
