#include "source/route/route_table.h"

#include <re2/re2.h>

#include <charconv>

#include "source/base/cow_set.h"
#include "source/route/compiled_route.h"
#include "source/route/path_tree.h"

namespace tollgate::route {
namespace {

/// The routes of one host, of one wildcard, or of none.
struct HostGroup : RefCounted<HostGroup> {
  std::string host;  ///< As HostRule::name.
  PathNode paths;
  Candidates pathless;

  bool empty() const { return paths.empty() && pathless.empty(); }
};

struct HostOf {
  static std::string_view of(const HostGroup& group) { return group.host; }
};
using HostGroups = CowSet<HostGroup, HostOf>;

void insertRoute(HostGroup& group, const CompiledRoutePtr& route) {
  for (size_t i = 0; i < route->paths.size(); ++i) {
    const PathRule& rule = route->paths[i];
    if (rule.kind == PathRule::Kind::kNone) {
      group.pathless.insert(Candidate(route, i));
    } else {
      group.paths.insert(rule.text, Candidate(route, i));
    }
  }
}

void eraseRoute(HostGroup& group, const CompiledRoutePtr& route) {
  for (size_t i = 0; i < route->paths.size(); ++i) {
    const PathRule& rule = route->paths[i];
    if (rule.kind == PathRule::Kind::kNone) {
      group.pathless.erase(Candidate(route, i));
    } else {
      group.paths.erase(rule.text, Candidate(route, i));
    }
  }
}

}  // namespace

struct RouteTable::State {
  HostGroups plain, suffix, prefix;
  Ref<HostGroup> any = makeRef<HostGroup>();
  size_t size = 0;

  HostGroups& groupsOf(const HostRule& rule) {
    switch (rule.kind) {
      case HostRule::Kind::kSuffix:
        return suffix;
      case HostRule::Kind::kPrefix:
        return prefix;
      case HostRule::Kind::kPlain:
        break;
    }
    return plain;
  }
  HostGroup& anyForChange() {
    if (any->shared()) any = makeRef<HostGroup>(*any);
    return *any;
  }
};

RouteTable::RouteTable() : state_(std::make_unique<State>()) {}
RouteTable::RouteTable(const RouteTable& other) : state_(std::make_unique<State>(*other.state_)) {}
RouteTable& RouteTable::operator=(const RouteTable& other) {
  *state_ = State(*other.state_);
  return *this;
}
RouteTable::~RouteTable() = default;
std::string_view RouteTable::capture(const void* regex, std::string_view path,
                                     std::string_view group) {
  if (regex == nullptr || group.empty()) return {};
  const auto& compiled = *static_cast<const RE2*>(regex);
  int number = 0;
  auto parsed = std::from_chars(group.data(), group.data() + group.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != group.data() + group.size()) {
    auto named = compiled.NamedCapturingGroups().find(std::string(group));
    if (named == compiled.NamedCapturingGroups().end()) return {};
    number = named->second;
  }
  if (number < 0 || number > compiled.NumberOfCapturingGroups()) return {};
  std::vector<re2::StringPiece> groups(static_cast<size_t>(number) + 1);
  re2::StringPiece text(path.data(), path.size());
  if (!compiled.Match(text, 0, path.size(), RE2::ANCHOR_START, groups.data(), number + 1)) {
    return {};
  }
  const re2::StringPiece& taken = groups.back();
  return {taken.data(), taken.size()};
}

size_t RouteTable::size() const { return state_->size; }

CompiledRoutePtr RouteTable::compile(RouteSpec spec, std::vector<Error>* problems) {
  return makeRef<const CompiledRoute>(std::move(spec), problems);
}

std::unique_ptr<const RouteTable> RouteTable::build(std::vector<RouteSpec> routes,
                                                    std::vector<Error>* problems) {
  auto table = std::make_unique<RouteTable>();
  for (RouteSpec& route : routes) table->insert(compile(std::move(route), problems));
  return table;
}

void RouteTable::insert(const CompiledRoutePtr& route) {
  ++state_->size;
  if (route->hosts.empty()) return insertRoute(state_->anyForChange(), route);
  if (route->paths.empty()) return;
  for (const HostRule& rule : route->hosts) {
    HostGroups& groups = state_->groupsOf(rule);
    HostGroup* group = groups.edit(rule.name);
    if (group == nullptr) {
      auto fresh = makeRef<HostGroup>();
      fresh->host = rule.name;
      group = fresh.get();
      groups.put(std::move(fresh));
    }
    insertRoute(*group, route);
  }
}

void RouteTable::erase(const CompiledRoutePtr& route) {
  --state_->size;
  if (route->hosts.empty()) return eraseRoute(state_->anyForChange(), route);
  for (const HostRule& rule : route->hosts) {
    HostGroups& groups = state_->groupsOf(rule);
    HostGroup* group = groups.edit(rule.name);
    if (group == nullptr) continue;
    eraseRoute(*group, route);
    if (group->empty()) groups.erase(rule.name);
  }
}

namespace {

/// One look-up: walks the groups that the host selects and keeps the best candidate that holds.
class Matcher {
 public:
  Matcher(const MatchInput& input, std::string_view host, uint16_t port)
      : input_(input), host_(host), port_(port) {}

  void visit(const HostGroup* group) {
    if (group == nullptr) return;
    group->paths.walk(input_.normalizedPath,
                      [this](const Candidates& list, size_t length) { scan(list, length, true); });
    scan(group->pathless, 0, false);
  }

  /// The text before a dot and from it on, for every dot of the host.
  void visitWildcards(const HostGroups& suffix, const HostGroups& prefix) {
    if (suffix.empty() && prefix.empty()) return;
    for (size_t dot = host_.find('.'); dot != host_.npos; dot = host_.find('.', dot + 1)) {
      if (!suffix.empty()) visit(suffix.find(host_.substr(dot)));
      if (!prefix.empty()) visit(prefix.find(host_.substr(0, dot + 1)));
    }
  }

  bool result(Match& out) const {
    if (best_ == nullptr) return false;
    out.payload = best_->payload;
    out.matchedPrefix = input_.normalizedPath.substr(0, length_);
    out.pathMatched = pathMatched_;
    out.regex = best_->regex ? best_->route->paths[best_->rule].regex.get() : nullptr;
    return true;
  }

 private:
  void scan(const Candidates& list, size_t length, bool pathMatched) {
    list.forEach([&](const Candidate& each) {
      if (best_ != nullptr && !each.before(*best_)) return false;
      size_t taken = length;
      if (each.regex && !regexMatches(each, taken)) return true;
      if (each.conditional && !each.route->conditionsHold(input_, host_, port_)) return true;
      best_ = &each;
      length_ = taken;
      pathMatched_ = pathMatched;
      return false;
    });
  }

  bool regexMatches(const Candidate& candidate, size_t& taken) const {
    const std::string_view path = input_.normalizedPath;
    re2::StringPiece text(path.data(), path.size()), whole;
    const RE2& regex = *candidate.route->paths[candidate.rule].regex;
    if (!regex.Match(text, 0, path.size(), RE2::ANCHOR_START, &whole, 1)) return false;
    taken = whole.size();
    return true;
  }

  const MatchInput& input_;
  std::string_view host_;
  uint16_t port_;
  const Candidate* best_ = nullptr;
  size_t length_ = 0;
  bool pathMatched_ = false;
};

}  // namespace

bool RouteTable::match(const MatchInput& input, Match& out) const {
  const std::string_view host = input.host.name;
  const State& state = *state_;
  Matcher matcher(input, host, input.host.port != 0 ? input.host.port : input.destinationPort);
  if (!state.plain.empty()) matcher.visit(state.plain.find(host));
  matcher.visitWildcards(state.suffix, state.prefix);
  matcher.visit(state.any.get());
  return matcher.result(out);
}

}  // namespace tollgate::route
