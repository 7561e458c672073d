// One match among 10 to 100,000 routes; the requests visit all of them, so that caches do not help
// more than they would in life.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "source/route/route_table.h"

namespace tollgate::route {
namespace {

struct NoHeaders final : HeaderLookup {
  void visit(std::string_view, HeaderVisitor&) const override {}
};

enum Kind : int { kPaths, kHosts, kHostsAndPaths };

void match(benchmark::State& state, Kind kind) {
  auto count = static_cast<size_t>(state.range(0));
  static const char kMark = 0;
  std::vector<RouteSpec> routes(count);
  std::vector<std::string> hosts(count), paths(count);
  for (size_t i = 0; i < count; ++i) {
    size_t shuffled = i * 7919 % count;
    hosts[i] = kind == kPaths ? "api.example.com" : "h" + std::to_string(shuffled) + ".example.com";
    paths[i] = kind == kHosts ? "/" : "/service-" + std::to_string(shuffled) + "/resource";
    routes[i].id = std::to_string(i);
    routes[i].payload = &kMark;
    if (kind != kPaths) routes[i].hosts = {"h" + std::to_string(i) + ".example.com"};
    if (kind != kHosts) routes[i].paths = {"/service-" + std::to_string(i)};
  }
  auto table = RouteTable::build(std::move(routes));
  NoHeaders none;
  Arena arena;
  size_t i = 0;
  for (auto _ : state) {
    MatchInput input;
    input.method = "GET";
    arena.reset();
    input.host = HostName::of(hosts[i], arena);
    input.normalizedPath = paths[i];
    input.destinationPort = 8000;
    input.headers = &none;
    Match found;
    if (!table->match(input, found)) state.SkipWithError("no match");
    if (++i == count) i = 0;
  }
}
BENCHMARK_CAPTURE(match, paths, kPaths)->RangeMultiplier(10)->Range(10, 100000);
BENCHMARK_CAPTURE(match, hosts, kHosts)->RangeMultiplier(10)->Range(10, 100000);
BENCHMARK_CAPTURE(match, hosts_and_paths, kHostsAndPaths)->RangeMultiplier(10)->Range(10, 100000);

std::vector<RouteSpec> manyRoutes(size_t count) {
  std::vector<RouteSpec> routes(count);
  for (size_t i = 0; i < count; ++i) {
    routes[i].id = std::to_string(i);
    routes[i].hosts = {"h" + std::to_string(i) + ".example.com"};
    routes[i].paths = {"/service-" + std::to_string(i)};
  }
  return routes;
}

/// Filling a table, as a start does.
void build(benchmark::State& state) {
  auto routes = manyRoutes(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(RouteTable::build(routes));
}
BENCHMARK(build)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond);

/// One route comes and one goes, the table is published, the one before is freed.
void change(benchmark::State& state) {
  RouteTable table;
  std::vector<CompiledRoutePtr> routes;
  for (RouteSpec& spec : manyRoutes(static_cast<size_t>(state.range(0)))) {
    routes.push_back(RouteTable::compile(std::move(spec)));
    table.insert(routes.back());
  }
  auto published = std::make_shared<RouteTable>(table);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % routes.size();
    table.erase(routes[i]);
    table.insert(routes[i]);
    published = std::make_shared<RouteTable>(table);
  }
}
BENCHMARK(change)->Arg(1000)->Arg(100000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tollgate::route
