#include "source/route/route_table.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <unordered_map>

namespace tollgate::route {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

bool equalsLowered(std::string_view value, std::string_view lower) {
  if (value.size() != lower.size()) return false;
  for (size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    if (c != lower[i]) return false;
  }
  return true;
}

/// PCRE writes (?<name>…), RE2 (?P<name>…).
std::string toRe2(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[i];
      out += pattern[++i];
      continue;
    }
    if (pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
        pattern[i + 3] != '!') {
      out += "(?P<";
      i += 2;
      continue;
    }
    out += pattern[i];
  }
  return out;
}

std::unique_ptr<RE2> compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_unique<RE2>(toRe2(pattern), options);
  return regex->ok() ? std::move(regex) : nullptr;
}

struct HostRule {
  std::string name;  ///< Lower case; ".b" for "*.b", "a." for "a.*".
  enum class Kind : uint8_t { kPlain, kSuffix, kPrefix } kind = Kind::kPlain;
  uint16_t port = 0;  ///< 0: any
};

HostRule parseHost(std::string_view text) {
  HostRule rule;
  size_t colon = text.rfind(':');
  bool bracketed = !text.empty() && text.front() == '[';
  if (colon != std::string_view::npos && (!bracketed || text[colon - 1] == ']') &&
      text.find(':') == (bracketed ? text.find(':') : colon)) {
    unsigned port = 0;
    auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (error == std::errc() && end == text.data() + text.size() && port <= 65535) {
      rule.port = static_cast<uint16_t>(port);
      text = text.substr(0, colon);
    }
  }
  if (text.substr(0, 2) == "*.") {
    rule.kind = HostRule::Kind::kSuffix;
    text.remove_prefix(1);
  } else if (text.size() >= 2 && text.substr(text.size() - 2) == ".*") {
    rule.kind = HostRule::Kind::kPrefix;
    text.remove_suffix(1);
  }
  rule.name = lowered(text);
  return rule;
}

struct HeaderRule {
  std::string name;
  std::vector<std::string> values;  ///< Lower case.
  std::vector<std::unique_ptr<RE2>> regexes;
};

/// The conditions that all sub-routes of a route share.
struct Conditions {
  std::string id;
  const void* payload = nullptr;
  std::vector<std::string> methods;
  std::vector<HostRule> hosts;
  std::vector<HeaderRule> headers;
  std::vector<std::string> snis;
};

/// A route with the paths of one length, or with one of its regexes, or without paths.
struct SubRoute {
  uint64_t priority = 0;
  const Conditions* conditions = nullptr;
  uint32_t order = 0;  ///< Among the sub-routes of one route.
  std::unique_ptr<RE2> regex;
};

bool before(const SubRoute& a, const SubRoute& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  int ids = a.conditions->id.compare(b.conditions->id);
  if (ids != 0) return ids > 0;
  return a.order < b.order;
}

struct Hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename V>
using StringMap = std::unordered_map<std::string, V, Hash, std::equal_to<>>;

using Candidates = std::vector<const SubRoute*>;

/// The routes of one host (or of one wildcard, or of none).
struct Group {
  StringMap<Candidates> prefixes;
  std::vector<uint32_t> lengths;  ///< Of the prefixes, longest first.
  Candidates regexes;
  Candidates pathless;
};

}  // namespace

struct RouteTable::State {
  std::deque<Conditions> conditions;
  std::deque<SubRoute> subRoutes;
  StringMap<Group> plain, suffix, prefix;
  Group any;

  void add(Group& group, const SubRoute& sub, const std::string* prefix) {
    if (sub.regex != nullptr) {
      group.regexes.push_back(&sub);
    } else if (prefix != nullptr) {
      group.prefixes[*prefix].push_back(&sub);
    } else {
      group.pathless.push_back(&sub);
    }
  }

  void addToHosts(const SubRoute& sub, const std::string* prefixText) {
    const auto& hosts = sub.conditions->hosts;
    if (hosts.empty()) return add(any, sub, prefixText);
    for (const HostRule& host : hosts) {
      auto& map = host.kind == HostRule::Kind::kPlain    ? plain
                  : host.kind == HostRule::Kind::kSuffix ? suffix
                                                         : prefix;
      add(map[host.name], sub, prefixText);
    }
  }

  void insert(const RouteSpec& route, std::vector<Error>* problems);
  void finish();
};

namespace {

uint64_t basePriority(const RouteSpec& route) {
  uint64_t kinds = !route.methods.empty() + !route.hosts.empty() + !route.headers.empty() +
                   !route.snis.empty() + !route.paths.empty();
  bool plain = !route.hosts.empty();
  for (const std::string& host : route.hosts) plain = plain && host.find('*') == host.npos;
  uint64_t headers = std::min<size_t>(route.headers.size(), 255);
  return kinds << 61 | uint64_t{plain} << 60 | headers << 52;
}

void sortCandidates(Candidates& list) {
  std::sort(list.begin(), list.end(),
            [](const SubRoute* a, const SubRoute* b) { return before(*a, *b); });
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void finishGroup(Group& group) {
  for (auto& [text, list] : group.prefixes) {
    sortCandidates(list);
    group.lengths.push_back(static_cast<uint32_t>(text.size()));
  }
  std::sort(group.lengths.begin(), group.lengths.end(), std::greater<>());
  group.lengths.erase(std::unique(group.lengths.begin(), group.lengths.end()), group.lengths.end());
  sortCandidates(group.regexes);
  sortCandidates(group.pathless);
}

}  // namespace

void RouteTable::State::insert(const RouteSpec& route, std::vector<Error>* problems) {
  auto report = [&](const std::string& what) {
    if (problems != nullptr) problems->push_back(Error::invalid(what, "route " + route.id));
  };
  Conditions& shared = conditions.emplace_back();
  shared.id = route.id;
  shared.payload = route.payload;
  shared.methods = route.methods;
  for (const std::string& host : route.hosts) shared.hosts.push_back(parseHost(host));
  for (std::string sni : route.snis) {
    if (sni.size() > 1 && sni.back() == '.') sni.pop_back();
    shared.snis.push_back(lowered(sni));
  }
  for (const auto& [name, values] : route.headers) {
    HeaderRule& rule = shared.headers.emplace_back();
    rule.name = name;
    for (const std::string& value : values) {
      if (value.substr(0, 2) != "~*") {
        rule.values.push_back(lowered(value));
        continue;
      }
      auto regex = compile(lowered(value.substr(2)));
      if (regex == nullptr) return report("the regex of header '" + name + "' does not compile");
      rule.regexes.push_back(std::move(regex));
    }
  }
  uint64_t base = basePriority(route);
  uint32_t order = 0;
  if (route.paths.empty()) {
    SubRoute& sub = subRoutes.emplace_back();
    sub.conditions = &shared;
    sub.priority = base;
    return addToHosts(sub, nullptr);
  }
  std::map<size_t, const SubRoute*> byLength;
  for (const std::string& path : route.paths) {
    if (path.front() == '~') {
      auto regex = compile("^(?:" + path.substr(1) + ")");
      if (regex == nullptr) {
        report("the regex '" + path + "' does not compile");
        continue;
      }
      SubRoute& sub = subRoutes.emplace_back();
      sub.conditions = &shared;
      sub.order = order++;
      sub.regex = std::move(regex);
      sub.priority = base | uint64_t{1} << 51 |
                     (static_cast<uint64_t>(route.regexPriority) & 0xffffffff) << 19;
      addToHosts(sub, nullptr);
      continue;
    }
    const SubRoute*& sub = byLength[path.size()];
    if (sub == nullptr) {
      SubRoute& fresh = subRoutes.emplace_back();
      fresh.conditions = &shared;
      fresh.order = order++;
      fresh.priority = base | std::min<uint64_t>(path.size(), (1 << 19) - 1);
      sub = &fresh;
    }
    addToHosts(*sub, &path);
  }
}

void RouteTable::State::finish() {
  finishGroup(any);
  for (auto* map : {&plain, &suffix, &prefix}) {
    for (auto& [name, group] : *map) finishGroup(group);
  }
}

std::unique_ptr<const RouteTable> RouteTable::build(std::vector<RouteSpec> routes,
                                                    std::vector<Error>* problems) {
  auto state = std::make_unique<State>();
  for (const RouteSpec& route : routes) state->insert(route, problems);
  state->finish();
  return std::unique_ptr<const RouteTable>(new RouteTable(std::move(state)));
}

RouteTable::RouteTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
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

size_t RouteTable::size() const { return state_->conditions.size(); }

namespace {

/// One look-up: walks the groups that the host selects and keeps the best candidate that holds.
class Matcher {
 public:
  Matcher(const MatchInput& input, std::string_view host, uint16_t port)
      : input_(input), host_(host), port_(port) {}

  void visit(const Group& group) {
    const std::string_view path = input_.normalizedPath;
    for (const SubRoute* sub : group.regexes) {
      if (best_ != nullptr && !before(*sub, *best_)) break;
      re2::StringPiece rest(path.data(), path.size()), whole;
      if (!sub->regex->Match(rest, 0, path.size(), RE2::ANCHOR_START, &whole, 1)) continue;
      if (holds(*sub->conditions)) {
        take(sub, path.substr(0, whole.size()), true);
        break;
      }
    }
    for (uint32_t length : group.lengths) {
      if (length > path.size()) continue;
      auto found = group.prefixes.find(path.substr(0, length));
      if (found != group.prefixes.end()) scan(found->second, path.substr(0, length), true);
    }
    scan(group.pathless, {}, false);
  }

  bool result(Match& out) const {
    if (best_ == nullptr) return false;
    out.payload = best_->conditions->payload;
    out.matchedPrefix = prefix_;
    out.pathMatched = pathMatched_;
    out.regex = best_->regex.get();
    return true;
  }

 private:
  void scan(const Candidates& list, std::string_view prefix, bool pathMatched) {
    for (const SubRoute* sub : list) {
      if (best_ != nullptr && !before(*sub, *best_)) return;
      if (holds(*sub->conditions)) return take(sub, prefix, pathMatched);
    }
  }

  void take(const SubRoute* sub, std::string_view prefix, bool pathMatched) {
    best_ = sub;
    prefix_ = prefix;
    pathMatched_ = pathMatched;
  }

  bool holds(const Conditions& want) const {
    if (!want.methods.empty() &&
        std::find(want.methods.begin(), want.methods.end(), input_.method) == want.methods.end()) {
      return false;
    }
    if (!want.hosts.empty() && !hostHolds(want)) return false;
    if (!want.snis.empty() && input_.tls && !sniHolds(want)) return false;
    for (const HeaderRule& rule : want.headers) {
      if (!headerHolds(rule)) return false;
    }
    return true;
  }

  bool hostHolds(const Conditions& want) const {
    for (const HostRule& rule : want.hosts) {
      if (rule.port != 0 && rule.port != port_) continue;
      size_t size = rule.name.size();
      switch (rule.kind) {
        case HostRule::Kind::kPlain:
          if (host_ == rule.name) return true;
          break;
        case HostRule::Kind::kSuffix:
          if (host_.size() >= size && host_.substr(host_.size() - size) == rule.name) return true;
          break;
        case HostRule::Kind::kPrefix:
          if (host_.size() >= size && host_.substr(0, size) == rule.name) return true;
          break;
      }
    }
    return false;
  }

  bool sniHolds(const Conditions& want) const {
    for (const std::string& sni : want.snis) {
      if (sni.front() == '*') {
        std::string_view tail = std::string_view(sni).substr(1);
        if (input_.sni.size() > tail.size() &&
            equalsLowered(input_.sni.substr(input_.sni.size() - tail.size()), tail)) {
          return true;
        }
      } else if (sni.back() == '*') {
        std::string_view head = std::string_view(sni).substr(0, sni.size() - 1);
        if (input_.sni.size() > head.size() &&
            equalsLowered(input_.sni.substr(0, head.size()), head)) {
          return true;
        }
      } else if (equalsLowered(input_.sni, sni)) {
        return true;
      }
    }
    return false;
  }

  bool headerHolds(const HeaderRule& rule) const {
    struct Visitor final : HeaderVisitor {
      explicit Visitor(const HeaderRule& rule) : rule(rule) {}
      void onValue(std::string_view value) override {
        for (const std::string& wanted : rule.values) holds = holds || equalsLowered(value, wanted);
        for (const auto& regex : rule.regexes) {
          holds = holds || RE2::PartialMatch(lowered(value), *regex);
        }
      }
      const HeaderRule& rule;
      bool holds = false;
    } visitor(rule);
    if (input_.headers != nullptr) input_.headers->visit(rule.name, visitor);
    return visitor.holds;
  }

  const MatchInput& input_;
  std::string_view host_;
  uint16_t port_;
  const SubRoute* best_ = nullptr;
  std::string_view prefix_;
  bool pathMatched_ = false;
};

}  // namespace

bool RouteTable::match(const MatchInput& input, Match& out) const {
  std::string_view host = input.host;
  uint16_t port = input.destinationPort;
  size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (host.front() != '[' || host[colon - 1] == ']')) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(host.data() + colon + 1, host.data() + host.size(), value);
    if (error == std::errc() && end == host.data() + host.size() && value <= 65535) {
      port = static_cast<uint16_t>(value);
      host = host.substr(0, colon);
    }
  }
  std::string folded;
  for (char c : host) {
    if (c >= 'A' && c <= 'Z') {
      folded = lowered(host);
      host = folded;
      break;
    }
  }
  Matcher matcher(input, host, port);
  const State& state = *state_;
  if (!state.plain.empty()) {
    auto found = state.plain.find(host);
    if (found != state.plain.end()) matcher.visit(found->second);
  }
  if (!state.suffix.empty()) {
    // Longest suffix first.
    for (size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
      auto found = state.suffix.find(host.substr(dot));
      if (found != state.suffix.end()) matcher.visit(found->second);
    }
  }
  if (!state.prefix.empty()) {
    for (size_t dot = host.find('.'); dot != host.npos; dot = host.find('.', dot + 1)) {
      auto found = state.prefix.find(host.substr(0, dot + 1));
      if (found != state.prefix.end()) matcher.visit(found->second);
    }
  }
  matcher.visit(state.any);
  return matcher.result(out);
}

}  // namespace tollgate::route
