#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "source/base/result.h"
#include "source/route/compiled_route.h"
#include "source/route/route_spec.h"

namespace tollgate::route {

/// The compiled routes: host hash, then a radix tree of the paths, compared by the documented
/// priorities. Regexes lie in the tree at the text that each of them begins with. A match costs the
/// length of the path and what lies on the way, not the number of routes.
///
/// Copies share structure (a copy costs four pointers): to publish a table, copy it; then go on
/// changing the original, which copies only what lies on the way to the change.
/// Threads: a published copy may be read by any thread; one thread changes. Matching allocates
/// nothing unless the host has upper-case letters.
class RouteTable {
 public:
  /// Conditions that do not compile are added to `problems`: a path's regex is left out, with a
  /// header's regex nothing of the route is in effect.
  static CompiledRoutePtr compile(RouteSpec spec, std::vector<Error>* problems = nullptr);
  /// A table of these routes.
  static std::unique_ptr<const RouteTable> build(std::vector<RouteSpec> routes,
                                                 std::vector<Error>* problems = nullptr);
  RouteTable();
  RouteTable(const RouteTable& other);
  RouteTable& operator=(const RouteTable& other);
  ~RouteTable();

  /// Of routes with the same id at most one may be in the table.
  void insert(const CompiledRoutePtr& route);
  /// Takes out what insert() put in.
  void erase(const CompiledRoutePtr& route);
  /// Makes one automaton of the regexes wherever many stand at one place. After changes, before
  /// requests are matched: without it each of them is asked.
  void settle();
  bool match(const MatchInput& input, Match& out) const;
  /// How many regexes begin with no literal text, so that each path has to be held against them.
  size_t openRegexes() const;
  size_t size() const;
  /// What a group of the regex of a match took of the path: `group` is its name or number, 0 the
  /// whole; nullopt if there is no such group. Not for every request: it matches once more.
  static std::optional<std::string_view> capture(const void* regex, std::string_view normalizedPath,
                                                 std::string_view group);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tollgate::route
