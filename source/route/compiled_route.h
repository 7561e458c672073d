#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/ref.h"
#include "source/base/regex.h"
#include "source/base/result.h"
#include "source/route/route_spec.h"

/// One route with its conditions, and the places where the table looks for it.
namespace tollgate::route {

/// ASCII letters in lower case.
std::string lowered(std::string_view text);

struct HostRule {
  std::string name;  ///< Lower case; ".b" for "*.b", "a." for "a.*".
  enum class Kind : uint8_t { kPlain, kSuffix, kPrefix } kind = Kind::kPlain;
  uint16_t port = 0;  ///< 0: any
};

struct HeaderRule {
  std::string name;
  std::vector<std::string> values;  ///< Lower case.
  std::vector<std::shared_ptr<const Regex>> regexes;
};

/// What the request line, its headers and its connection have to be, beside host and path.
struct Conditions {
  std::vector<std::string> methods;
  std::vector<HeaderRule> headers;
  std::vector<std::string> snis;
  bool hostPort = false;  ///< A host names a port, so that the right host is not enough.
};

/// One of the route's paths, or the absence of any.
struct PathRule {
  enum class Kind : uint8_t { kPrefix, kRegex, kNone } kind = Kind::kNone;
  uint64_t priority = 0;
  std::string text;  ///< The prefix, or what everything that the regex matches begins with.
  std::shared_ptr<const Regex> regex;

  /// A regex that any path may match, for all that its beginning says.
  bool isOpen() const { return kind == Kind::kRegex && text.size() <= 1; }
};

/// A route made ready for the table; the same object takes it out again. Immutable.
class CompiledRoute : public RefCounted<CompiledRoute> {
 public:
  CompiledRoute(RouteSpec spec, std::vector<Error>* problems);

  /// Of a route with conditions: whether they hold for a request whose path fits and whose host is
  /// one of the route's. `host` is in lower case and without the port.
  bool conditionsHold(const MatchInput& input, std::string_view host, uint16_t port) const;

  std::string id;
  const void* payload = nullptr;
  std::shared_ptr<const void> owner;
  std::vector<HostRule> hosts;
  std::vector<PathRule> paths;                   ///< Empty: not in effect.
  std::unique_ptr<const Conditions> conditions;  ///< Null where there are none.

 private:
  using Report = std::function<void(const std::string&)>;
  bool compileConditions(RouteSpec& spec, const Report& report);
  void compilePaths(RouteSpec& spec, uint64_t base, const Report& report);
};

using CompiledRoutePtr = Ref<const CompiledRoute>;

/// What every match of a regex that is anchored at its start begins with; "" if that is not plain.
std::string literalPrefix(std::string_view regex);
/// Whether that says nothing: all paths begin with a slash.
bool isOpenRegex(std::string_view regex);

}  // namespace tollgate::route
