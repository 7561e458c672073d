// The table against the definition: every sub-route by priority, the first whose conditions hold.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include "source/route/route_table.h"

namespace tollgate::route {
namespace {

/// Kong's rules read word for word, for hosts without ports, methods, and paths.
struct Naive {
  struct Rule {
    uint64_t priority;
    const RouteSpec* route;
    std::string path;  ///< "" for none
  };

  static uint64_t priorityOf(const RouteSpec& route, const std::string& path) {
    uint64_t kinds = !route.methods.empty() + !route.hosts.empty() + !route.paths.empty();
    bool plain = !route.hosts.empty() &&
                 std::none_of(route.hosts.begin(), route.hosts.end(),
                              [](auto& host) { return host.find('*') != host.npos; });
    uint64_t detail = path.empty() ? 0
                      : path[0] == '~'
                          ? (uint64_t{1} << 51 | static_cast<uint64_t>(route.regexPriority) << 19)
                          : path.size();
    return kinds << 61 | uint64_t{plain} << 60 | detail;
  }
  static bool hostFits(const RouteSpec& route, const std::string& host) {
    if (route.hosts.empty()) return true;
    return std::any_of(route.hosts.begin(), route.hosts.end(), [&](const std::string& want) {
      if (want[0] == '*') {
        return host.size() >= want.size() - 1 &&
               host.substr(host.size() - (want.size() - 1)) == want.substr(1);
      }
      if (want.back() == '*')
        return host.substr(0, want.size() - 1) == want.substr(0, want.size() - 1);
      return host == want;
    });
  }

  static std::pair<std::string, std::string> match(const std::map<std::string, RouteSpec>& routes,
                                                   const std::string& host, const std::string& path,
                                                   const std::string& method) {
    std::vector<Rule> rules;
    for (const auto& [id, route] : routes) {
      if (route.paths.empty()) rules.push_back({priorityOf(route, ""), &route, ""});
      for (const auto& each : route.paths) rules.push_back({priorityOf(route, each), &route, each});
    }
    std::stable_sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
      return a.priority != b.priority ? a.priority > b.priority : a.route->id > b.route->id;
    });
    for (const Rule& rule : rules) {
      if (!hostFits(*rule.route, host)) continue;
      const auto& methods = rule.route->methods;
      if (!methods.empty() && std::find(methods.begin(), methods.end(), method) == methods.end()) {
        continue;
      }
      if (rule.path.empty()) return {rule.route->id, ""};
      if (rule.path[0] != '~') {
        if (path.substr(0, rule.path.size()) == rule.path) return {rule.route->id, rule.path};
        continue;
      }
      re2::StringPiece rest(path);
      if (RE2::Consume(&rest, "(?:" + rule.path.substr(1) + ")")) {
        return {rule.route->id, path.substr(0, path.size() - rest.size())};
      }
    }
    return {"-", ""};
  }
};

class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  size_t below(size_t limit) { return random_() % limit; }
  template <size_t N>
  std::string one(const char* const (&of)[N]) {
    return of[below(N)];
  }
  std::string path() {
    std::string out;
    for (size_t i = below(4) + 1; i > 0; --i) out += one(kSegments);
    return out;
  }
  std::string host() { return one(kHosts); }

  RouteSpec route(const std::string& id) {
    static constexpr const char* kWanted[] = {"a.test",   "b.a.test", "*.test",
                                              "*.a.test", "a.*",      "b.a.*"};
    static constexpr const char* kRegexes[] = {
        "~/a",      "~/a(b|c)", "~/a/[ab]",  "~/ab?/c", "~/a|/b",  "~/.*b",  "~/a/b$",
        "~/a\\/b+", "~^/a",     "~/(?i)A/b", "~/",      "~/a\\.b", "~/a{2}", "~/ab*"};
    RouteSpec out;
    out.id = id;
    for (size_t i = below(3); i > 0; --i) out.hosts.push_back(one(kWanted));
    for (size_t i = below(4); i > 0; --i)
      out.paths.push_back(below(3) == 0 ? one(kRegexes) : path());
    if (below(4) == 0) out.methods = {below(2) == 0 ? "GET" : "POST"};
    out.regexPriority = static_cast<int64_t>(below(2));
    return out;
  }

 private:
  static constexpr const char* kSegments[] = {"/", "/a", "/b", "/ab", "/abc", "/A", "/a.b", "/aa"};
  static constexpr const char* kHosts[] = {"a.test",  "b.a.test", "a.b.test",
                                           "a.other", "test",     "b.a.x"};
  std::mt19937 random_;
};

TEST(RandomTable, FindsWhatTheRulesSayWhileRoutesComeAndGo) {
  struct NoHeaders final : HeaderLookup {
    void visit(std::string_view, HeaderVisitor&) const override {}
  } none;
  for (unsigned seed = 0; seed < 60; ++seed) {
    Random random(seed);
    RouteTable table;
    std::map<std::string, RouteSpec> routes;
    std::map<std::string, CompiledRoutePtr> compiled;
    auto check = [&](const RouteTable& asked, const auto& expected) {
      for (int i = 0; i < 20; ++i) {
        std::string host = random.host(), path = random.path();
        std::string method = random.below(2) == 0 ? "GET" : "POST";
        Arena arena;
        MatchInput input;
        input.method = method;
        input.host = HostName::of(host, arena);
        input.normalizedPath = path;
        input.headers = &none;
        Match found;
        bool any = asked.match(input, found);
        auto want = Naive::match(expected, host, path, method);
        std::string id = any ? static_cast<const RouteSpec*>(found.payload)->id : "-";
        ASSERT_EQ(id, want.first) << "seed " << seed << ": " << host << ' ' << path;
        if (any) {
          ASSERT_EQ(found.matchedPrefix, want.second) << "seed " << seed << ": " << path;
        }
      }
    };
    for (int step = 0; step < 100; ++step) {
      std::string id = std::to_string(random.below(20));
      if (auto old = compiled.find(id); old != compiled.end()) {
        table.erase(old->second);
        compiled.erase(old);
        routes.erase(id);
      }
      if (random.below(3) != 0) {
        RouteSpec spec = random.route(id);
        auto payload = std::make_shared<RouteSpec>(spec);
        routes[id] = spec;
        spec.payload = payload.get();
        spec.owner = payload;
        table.insert(compiled[id] = RouteTable::compile(spec));
      }
      RouteTable published = table;
      auto asItWas = routes;
      check(table, routes);
      if (step % 10 == 0) {
        RouteSpec more = random.route("more");
        auto extra = RouteTable::compile(more);
        table.insert(extra);
        check(published, asItWas);
        table.erase(extra);
      }
      ASSERT_EQ(table.size(), routes.size());
    }
    for (auto& [id, route] : compiled) table.erase(route);
    check(table, std::map<std::string, RouteSpec>{});
  }
}

/// Regexes that begin with no text of their own, a few prefixes beside them, some of it for POST
/// alone.
RouteSpec crowdedRoute(Random& random, size_t number) {
  RouteSpec out;
  out.id = std::to_string(number * 7919 % 1000);
  const std::string n = std::to_string(number % 40);
  switch (random.below(5)) {
    case 0:
      out.paths = {"/"};
      break;
    case 1:
      out.paths = {"~/[a-z]+/" + n + "$", "~/.*" + n};
      break;
    case 2:
      out.paths = {"~/\\p{L}+/" + n};  // read by characters: in no set
      break;
    default:
      out.paths = {"~/[a-z]*/?" + n + "x?$"};
  }
  if (random.below(3) == 0) out.methods = {"POST"};
  out.regexPriority = static_cast<int64_t>(random.below(2));
  return out;
}

TEST(RandomTable, FindsTheSameAmongManyRegexesAtOnePlace) {
  struct NoHeaders final : HeaderLookup {
    void visit(std::string_view, HeaderVisitor&) const override {}
  } none;
  auto ask = [&](const RouteTable& table, const std::string& path, const char* method) {
    MatchInput input;
    input.method = method;
    input.normalizedPath = path;
    input.headers = &none;
    Match out;
    const bool found = table.match(input, out);
    EXPECT_FALSE(out.tooCostly);
    return found ? *static_cast<const std::string*>(out.payload) + std::string(out.matchedPrefix)
                 : "-";
  };
  Random random(1);
  RouteTable table;
  std::map<size_t, CompiledRoutePtr> routes;
  for (int step = 0; step < 40; ++step) {
    for (int change = 0; change < 40; ++change) {
      const size_t number = random.below(600);
      if (auto old = routes.find(number); old != routes.end()) {
        table.erase(old->second);
        routes.erase(old);
      } else {
        RouteSpec spec = crowdedRoute(random, number);
        auto id = std::make_shared<std::string>(spec.id);
        spec.payload = id.get();
        spec.owner = id;
        table.insert(routes[number] = RouteTable::compile(spec));
      }
    }
    RouteTable oneByOne = table;
    table.settle();
    for (int i = 0; i < 60; ++i) {
      const std::string n = std::to_string(random.below(45));
      const std::string path =
          std::vector<std::string>{"/ab/" + n,   "/" + n + "x",    "/" + n,
                                   "/\xff/" + n, "/\xc3\xa9/" + n, "/A"}[random.below(6)];
      const char* method = random.below(2) == 0 ? "GET" : "POST";
      ASSERT_EQ(ask(table, path, method), ask(oneByOne, path, method)) << step << ' ' << path;
    }
  }
}

TEST(LiteralPrefix, IsWhatEveryMatchBeginsWith) {
  struct Row {
    const char* regex;
    const char* prefix;
  };
  for (const Row& row :
       {Row{"/users/(?<id>\\d+)", "/users/"}, Row{"/a|/b", ""}, Row{"/a(b|c)", "/a"},
        Row{"/ab?c", "/a"}, Row{"/ab{2}", "/a"}, Row{"/a\\.b\\/c", "/a.b/c"}, Row{"^/a", "/a"},
        Row{"(?i)/a", ""}, Row{"/[|]x", "/"}, Row{"/\\d", "/"}, Row{"/a\\|b", "/a|b"},
        Row{"\\Q/a|b\\E", ""}, Row{"", ""}, Row{"/a\\", "/a"}, Row{"/caf\xc3\xa9?", "/caf"}}) {
    EXPECT_EQ(literalPrefix(row.regex), row.prefix) << row.regex;
  }
}

}  // namespace
}  // namespace tollgate::route
