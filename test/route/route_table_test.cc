#include "source/route/route_table.h"

#include <map>

namespace tollgate::route {
namespace {

using Headers = std::multimap<std::string, std::string>;

struct MapLookup final : HeaderLookup {
  explicit MapLookup(const Headers& headers) : headers(headers) {}
  void visit(std::string_view name, HeaderVisitor& visitor) const override {
    for (const auto& [key, value] : headers) {
      if (key == name) visitor.onValue(value);
    }
  }
  const Headers& headers;
};

RouteSpec spec(const char* id) {
  RouteSpec route;
  route.id = id;
  route.payload = id;
  return route;
}

/// The id of the route that matches, "-" for none.
std::string match(const RouteTable& table, std::string_view host, std::string_view path,
                  std::string_view method = "GET", const Headers& headers = {},
                  std::string_view sni = {}) {
  MapLookup lookup(headers);
  Arena arena;
  MatchInput input;
  input.method = method;
  input.host = HostName::of(host, arena);
  input.normalizedPath = path;
  input.sni = sni;
  input.tls = !sni.empty();
  input.destinationPort = 8000;
  input.headers = &lookup;
  Match out;
  return table.match(input, out) ? static_cast<const char*>(out.payload) : "-";
}

TEST(RouteTable, PrefersTheLongestPrefixWithoutSegmentBoundary) {
  auto a = spec("a"), b = spec("b");
  a.paths = {"/foo"};
  b.paths = {"/foo/bar"};
  auto table = RouteTable::build({a, b});
  EXPECT_EQ(match(*table, "x", "/foobar"), "a");
  EXPECT_EQ(match(*table, "x", "/foo/bar/1"), "b");
  EXPECT_EQ(match(*table, "x", "/fo"), "-");
}

TEST(RouteTable, PrefersMoreKindsOfAttributesOverALongerPath) {
  auto a = spec("a"), b = spec("b");
  a.paths = {"/very/long/path"};
  b.paths = {"/"};
  b.methods = {"GET"};
  auto table = RouteTable::build({a, b});
  EXPECT_EQ(match(*table, "x", "/very/long/path"), "b");
  EXPECT_EQ(match(*table, "x", "/very/long/path", "POST"), "a");
}

TEST(RouteTable, PrefersRegexesThenTheirPriority) {
  auto prefix = spec("prefix"), low = spec("low"), high = spec("high");
  prefix.paths = {"/abc/def"};
  low.paths = {"~/abc/\\w+"};
  high.paths = {"~/abc/(?<n>d)"};
  high.regexPriority = 1;
  auto table = RouteTable::build({prefix, low, high});
  EXPECT_EQ(match(*table, "x", "/abc/def"), "high");
  EXPECT_EQ(match(*table, "x", "/abc/xyz"), "low");
  EXPECT_EQ(match(*table, "x", "/z/abc/xyz"), "-");
}

TEST(RouteTable, TellsWhatTheRegexConsumed) {
  auto a = spec("a");
  a.paths = {"~/v[0-9]+"};
  auto table = RouteTable::build({a});
  MatchInput input;
  input.normalizedPath = "/v12/rest";
  Match out;
  ASSERT_TRUE(table->match(input, out));
  EXPECT_EQ(out.matchedPrefix, "/v12");
}

TEST(RouteTable, MatchesHostsWithWildcardsAndPorts) {
  auto plain = spec("plain"), suffix = spec("suffix"), prefix = spec("prefix"), port = spec("port");
  plain.hosts = {"a.example.com"};
  suffix.hosts = {"*.example.com"};
  prefix.hosts = {"example.*"};
  port.hosts = {"p.test:8080"};
  auto table = RouteTable::build({plain, suffix, prefix, port});
  EXPECT_EQ(match(*table, "a.example.com", "/"), "plain");
  EXPECT_EQ(match(*table, "A.Example.com:9", "/"), "plain");
  EXPECT_EQ(match(*table, "x.y.example.com", "/"), "suffix");
  EXPECT_EQ(match(*table, "example.com", "/"), "prefix");
  EXPECT_EQ(match(*table, "example.org:80", "/"), "prefix");
  EXPECT_EQ(match(*table, "p.test:8080", "/"), "port");
  EXPECT_EQ(match(*table, "p.test", "/"), "-");
  EXPECT_EQ(match(*table, "a.example.com.", "/"), "plain") << "the same name in whole";
  EXPECT_EQ(match(*table, "x.example.com.:9", "/"), "suffix");
  EXPECT_EQ(match(*table, "p.test.:8080", "/"), "port");
}

TEST(RouteTable, ComparesHeaderValuesInAnyCaseAndByRegex) {
  auto a = spec("a"), b = spec("b");
  a.headers = {{"x-v", {"One", "two"}}};
  b.headers = {{"x-v", {"~*^th"}}};
  auto table = RouteTable::build({a, b});
  EXPECT_EQ(match(*table, "x", "/", "GET", {{"x-v", "ONE"}}), "a");
  EXPECT_EQ(match(*table, "x", "/", "GET", {{"x-v", "Three"}}), "b");
  EXPECT_EQ(match(*table, "x", "/", "GET", {{"x-v", "four"}, {"x-v", "TWO"}}), "a");
  EXPECT_EQ(match(*table, "x", "/"), "-");
}

TEST(RouteTable, LooksAtTheServerNameOnlyUnderTls) {
  auto a = spec("a"), b = spec("b");
  a.snis = {"a.test."};
  a.paths = {"/"};
  b.paths = {"/"};
  auto table = RouteTable::build({a, b});
  EXPECT_EQ(match(*table, "x", "/", "GET", {}, "a.test"), "a");
  EXPECT_EQ(match(*table, "x", "/", "GET", {}, "b.test"), "b");
  EXPECT_EQ(match(*table, "x", "/"), "a");
}

TEST(RouteTable, BreaksTiesByTheGreaterId) {
  auto a = spec("0001"), b = spec("0002");
  a.paths = b.paths = {"/x"};
  EXPECT_EQ(match(*RouteTable::build({a, b}), "x", "/x"), "0002");
  EXPECT_EQ(match(*RouteTable::build({b, a}), "x", "/x"), "0002");
}

TEST(RouteTable, LeavesOutARouteWhoseRegexDoesNotCompile) {
  auto a = spec("a"), b = spec("b");
  a.paths = {"~/(?=x)"};
  b.paths = {"/"};
  std::vector<Error> problems;
  auto table = RouteTable::build({a, b}, &problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(match(*table, "x", "/x"), "b");
}

TEST(RouteTable, HoldsRegexesAgainstBytes) {
  auto open = spec("open"), secure = spec("secure");
  open.paths = {"/"};
  secure.paths = {"~/secure/(?<x>.+)$"};
  auto table = RouteTable::build({open, secure});
  for (const char* path : {"/secure/a", "/secure/\xff", "/secure/a\n", "/secure/\xc3\xa9"}) {
    EXPECT_EQ(match(*table, "x", path), "secure") << path;
  }
}

TEST(RouteTable, RefusesAPathThatCostsTooMuch) {
  std::vector<std::string> ids;
  std::vector<RouteSpec> routes;
  for (int i = 0; i < 6000; ++i) ids.push_back(std::to_string(i));
  for (const std::string& id : ids) {
    routes.push_back(spec(id.c_str()));
    routes.back().paths = {"~/.*[ab].{" + std::to_string(20 + routes.size() % 30) + "}x" + id +
                           "$"};
  }
  routes.push_back(spec("open"));
  routes.back().paths = {"/"};
  auto table = RouteTable::build(routes);
  // A path that costs little even where every instruction is watched by a sanitizer.
  auto few = RouteTable::build({routes.end() - 20, routes.end()});
  EXPECT_EQ(match(*few, "x", "/short"), "open");
  std::string path = "/";
  for (unsigned i = 0, bits = 1; i < 16000; ++i, bits = bits * 1103515245 + 12345) {
    path += (bits >> 16) % 2 == 0 ? 'a' : 'c';
  }
  MatchInput input;
  input.method = "GET";
  input.normalizedPath = path;
  Match out;
  EXPECT_FALSE(table->match(input, out));
  EXPECT_TRUE(out.tooCostly) << "and not the open route";
}

TEST(RouteTable, CountsRegexesThatAnyPathMayMatch) {
  auto a = spec("a"), b = spec("b");
  a.paths = {"~/[a-z]+", "~/x/\\d", "~(?i)/y", "/z"};
  b.paths = {"~/.*"};
  RouteTable table;
  auto compiled = RouteTable::compile(a);
  table.insert(compiled);
  table.insert(RouteTable::compile(b));
  EXPECT_EQ(table.openRegexes(), 3u);
  table.erase(compiled);
  EXPECT_EQ(table.openRegexes(), 1u);
}

TEST(RouteTable, TellsWhatTheGroupsOfARegexTook) {
  RouteSpec named = spec("named"), plain = spec("plain");
  named.paths = {R"(~/u/(?<user>\w+)/(\d+))"};
  plain.paths = {"/plain"};
  auto table = RouteTable::build({named, plain});
  MatchInput input;
  input.method = "GET";
  input.normalizedPath = "/u/ann/17/x";
  Match match;
  ASSERT_TRUE(table->match(input, match));
  auto group = [&](std::string_view which) {
    return RouteTable::capture(match.regex, input.normalizedPath, which).value_or("none");
  };
  EXPECT_EQ(group("0"), "/u/ann/17");
  EXPECT_EQ(group("1"), "ann");
  EXPECT_EQ(group("2"), "17");
  EXPECT_EQ(group("user"), "ann");
  for (const char* none : {"3", "-1", "99999999999", "", "other", "1x"}) {
    EXPECT_EQ(group(none), "none") << none;
  }
  input.normalizedPath = "/plain/x";
  ASSERT_TRUE(table->match(input, match));
  EXPECT_EQ(group("0"), "none") << "no regex";
}

}  // namespace
}  // namespace tollgate::route
