#include "source/route/route_table.h"

#include <time.h>

#include <set>
#include <tuple>

#include "source/base/cow_set.h"
#include "source/route/compiled_route.h"
#include "source/route/crowd.h"
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

/// A place of the tables whose candidates have to be settled.
struct Place {
  HostRule::Kind kind;
  std::string host;  ///< As HostRule::name; "" for the routes of any host.
  std::string text;

  friend bool operator<(const Place& a, const Place& b) {
    return std::tie(a.kind, a.host, a.text) < std::tie(b.kind, b.host, b.text);
  }
};

}  // namespace

struct RouteTable::State {
  HostGroups plain, suffix, prefix;
  Ref<HostGroup> any = makeRef<HostGroup>();
  size_t size = 0;
  size_t openRegexes = 0;
  std::set<Place> unsettled;

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
  HostGroup* editGroup(HostRule::Kind kind, const std::string& host) {
    if (host.empty()) return &anyForChange();
    return groupsOf({host, kind, 0}).edit(host);
  }

  /// `host` is nullptr for the routes of any host.
  void insertRoute(HostGroup& group, const HostRule* host, const CompiledRoutePtr& route) {
    for (size_t i = 0; i < route->paths.size(); ++i) {
      const PathRule& rule = route->paths[i];
      if (rule.kind == PathRule::Kind::kNone) {
        group.pathless.insert(Candidate(route, i));
      } else {
        noteCrowd(group.paths.insert(rule.text, Candidate(route, i)), host, rule);
      }
    }
  }
  void eraseRoute(HostGroup& group, const HostRule* host, const CompiledRoutePtr& route) {
    for (size_t i = 0; i < route->paths.size(); ++i) {
      const PathRule& rule = route->paths[i];
      if (rule.kind == PathRule::Kind::kNone) {
        group.pathless.erase(Candidate(route, i));
      } else {
        noteCrowd(group.paths.erase(rule.text, Candidate(route, i)), host, rule);
      }
    }
  }
  void noteCrowd(size_t candidates, const HostRule* host, const PathRule& rule) {
    if (candidates < Crowd::kLeast) return;
    unsettled.insert(host == nullptr ? Place{HostRule::Kind::kPlain, "", rule.text}
                                     : Place{host->kind, host->name, rule.text});
  }
  void countOpen(const CompiledRoute& route, bool more) {
    for (const PathRule& rule : route.paths) {
      if (rule.isOpen()) more ? ++openRegexes : --openRegexes;
    }
  }
};

RouteTable::RouteTable() : state_(std::make_unique<State>()) {}
RouteTable::RouteTable(const RouteTable& other) : state_(std::make_unique<State>(*other.state_)) {}
RouteTable& RouteTable::operator=(const RouteTable& other) {
  *state_ = State(*other.state_);
  return *this;
}
RouteTable::~RouteTable() = default;

std::optional<std::string_view> RouteTable::capture(const void* regex, std::string_view path,
                                                    std::string_view group) {
  if (regex == nullptr) return std::nullopt;
  return static_cast<const Regex*>(regex)->group(path, group);
}

size_t RouteTable::size() const { return state_->size; }
size_t RouteTable::openRegexes() const { return state_->openRegexes; }

void RouteTable::settle() {
  for (const Place& place : state_->unsettled) {
    HostGroup* group = state_->editGroup(place.kind, place.host);
    if (group != nullptr) group->paths.settle(place.text);
  }
  state_->unsettled.clear();
}

CompiledRoutePtr RouteTable::compile(RouteSpec spec, std::vector<Error>* problems) {
  return makeRef<const CompiledRoute>(std::move(spec), problems);
}

std::unique_ptr<const RouteTable> RouteTable::build(std::vector<RouteSpec> routes,
                                                    std::vector<Error>* problems) {
  auto table = std::make_unique<RouteTable>();
  for (RouteSpec& route : routes) table->insert(compile(std::move(route), problems));
  table->settle();
  return table;
}

void RouteTable::insert(const CompiledRoutePtr& route) {
  ++state_->size;
  state_->countOpen(*route, true);
  if (route->hosts.empty()) return state_->insertRoute(state_->anyForChange(), nullptr, route);
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
    state_->insertRoute(*group, &rule, route);
  }
}

void RouteTable::erase(const CompiledRoutePtr& route) {
  --state_->size;
  state_->countOpen(*route, false);
  if (route->hosts.empty()) return state_->eraseRoute(state_->anyForChange(), nullptr, route);
  for (const HostRule& rule : route->hosts) {
    HostGroups& groups = state_->groupsOf(rule);
    HostGroup* group = groups.edit(rule.name);
    if (group == nullptr) continue;
    state_->eraseRoute(*group, &rule, route);
    if (group->empty()) groups.erase(rule.name);
  }
}

namespace {

/// CPU time that regexes may take for one path, in nanoseconds.
constexpr int64_t kLongestMatch = 100'000'000;
constexpr size_t kWorkBetweenLooks = 1'000'000;

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
    out.tooCostly = tooCostly_;
    if (best_ == nullptr || tooCostly_) return false;
    out.payload = best_->payload;
    out.matchedPrefix = input_.normalizedPath.substr(0, length_);
    out.pathMatched = pathMatched_;
    out.regex = best_->regex ? best_->route->paths[best_->rule].regex.get() : nullptr;
    return true;
  }

 private:
  void scan(const Candidates& list, size_t length, bool pathMatched) {
    auto visit = [&](const Candidate& each) { return consider(each, length, pathMatched); };
    const Crowd* crowd = list.crowd();
    if (crowd == nullptr) return list.forEach(visit);
    std::vector<int> scratch;
    for (const auto& part : crowd->parts()) {
      if (best_ != nullptr && !part->best().before(*best_)) return;
      if (outOfTime() || !part->forEachLikely(input_.normalizedPath, scratch, visit)) return;
    }
  }

  /// Whether to look at the candidates that follow.
  bool consider(const Candidate& each, size_t length, bool pathMatched) {
    if (best_ != nullptr && !each.before(*best_)) return false;
    if (each.regex) {
      const Regex& regex = regexOf(each);
      if (tooMuchWork(regex)) return false;
      if (!regex.matchStart(input_.normalizedPath, length)) return true;
    }
    if (each.conditional && !each.route->conditionsHold(input_, host_, port_)) return true;
    best_ = &each;
    length_ = length;
    pathMatched_ = pathMatched;
    return false;
  }

  static const Regex& regexOf(const Candidate& candidate) {
    return *candidate.route->paths[candidate.rule].regex;
  }

  /// Looks at the clock only after what may have been some milliseconds.
  bool tooMuchWork(const Regex& regex) {
    work_ += regex.size() * input_.normalizedPath.size();
    if (work_ < kWorkBetweenLooks) return tooCostly_;
    work_ = 0;
    return outOfTime();
  }

  bool outOfTime() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const int64_t nanos = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    if (began_ == 0) began_ = nanos;
    tooCostly_ = tooCostly_ || nanos - began_ > kLongestMatch;
    return tooCostly_;
  }

  const MatchInput& input_;
  std::string_view host_;
  uint16_t port_;
  const Candidate* best_ = nullptr;
  size_t length_ = 0;
  bool pathMatched_ = false;
  bool tooCostly_ = false;
  size_t work_ = 0;    ///< Instructions times bytes since the clock was looked at.
  int64_t began_ = 0;  ///< CPU time of the first look; 0: there was none.
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
