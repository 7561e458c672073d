// Choosing an endpoint for a request, and what the load of it costs to keep: 10 and 1,000
// endpoints.
#include <benchmark/benchmark.h>

#include "source/upstream/worker_clusters.h"

namespace tollgate::upstream {
namespace {

std::shared_ptr<const Cluster> clusterOf(Algorithm algorithm, uint32_t size) {
  auto spec = std::make_shared<ClusterSpec>();
  spec->name = "up";
  spec->algorithm = algorithm;
  spec->passive.tcpFailures = 1;
  Cluster::Parts parts;
  for (uint32_t i = 0; i < size; ++i) {
    std::string host = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
    spec->targets.push_back({"", host, 80, 100 + i % 3});
    auto endpoint = std::make_shared<Endpoint>(*net::Address::parse(host, 80), host, 1);
    parts.members.push_back({std::move(endpoint), spec->targets[i].weight, i, false});
    parts.names.push_back({"A", ""});
  }
  parts.spec = std::move(spec);
  parts.health = std::make_shared<HealthEpoch>();
  return std::make_shared<const Cluster>(std::move(parts));
}

template <Algorithm A>
void choose(benchmark::State& state) {
  WorkerClusters clusters(0);
  event::TimePoint now{std::chrono::hours(1)};
  clusters.set(0, clusterOf(A, static_cast<uint32_t>(state.range(0))), now);
  ClusterView* view = clusters.find(0);
  Balancer::Request request;
  // So many requests are under way at any time; the oldest one ends as another begins.
  std::vector<uint32_t> underWay(64, Balancer::kNone);
  size_t at = 0;
  for (auto _ : state) {
    request.hash += 0x9e3779b9;
    request.now = now += std::chrono::microseconds(10);
    uint32_t& slot = underWay[at++ % underWay.size()];
    if (slot != Balancer::kNone) {
      view->answered(slot, 0.001, now);
      view->end(slot);
    }
    slot = view->pick(request);
    view->begin(slot);
  }
}
BENCHMARK(choose<Algorithm::kRoundRobin>)->Arg(10)->Arg(1000);
BENCHMARK(choose<Algorithm::kConsistentHashing>)->Arg(10)->Arg(1000);
BENCHMARK(choose<Algorithm::kLeastConnections>)->Arg(10)->Arg(1000);
BENCHMARK(choose<Algorithm::kLatency>)->Arg(10)->Arg(1000);

/// What a change of a target costs the control thread.
template <Algorithm A>
void build(benchmark::State& state) {
  auto before = clusterOf(A, static_cast<uint32_t>(state.range(0)));
  for (auto _ : state) {
    Cluster::Parts parts{before->sharedSpec(),
                         before->members(),
                         before->names(),
                         true,
                         std::make_shared<HealthEpoch>(),
                         1};
    benchmark::DoNotOptimize(std::make_shared<const Cluster>(std::move(parts)));
  }
}
BENCHMARK(build<Algorithm::kRoundRobin>)->Arg(10)->Arg(1000);
BENCHMARK(build<Algorithm::kConsistentHashing>)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace tollgate::upstream
