// What a change of the configuration costs the control thread beside the store: from the committed
// change to a snapshot that can be published, and the end of the snapshot before.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>

#include "source/config/snapshot_compiler.h"

namespace tollgate::config {
namespace {

using store::Change;

std::string idOf(size_t number) {
  std::string digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

Json serviceDoc(size_t i, int port = 8080) {
  return {{"id", idOf(i)},       {"name", "service-" + std::to_string(i)},
          {"host", "127.0.0.1"}, {"port", port},
          {"protocol", "http"},  {"enabled", true}};
}

Json routeDoc(size_t i, size_t service) {
  return {{"id", idOf(i)},
          {"name", "route-" + std::to_string(i)},
          {"protocols", {"http", "https"}},
          {"hosts", {"h" + std::to_string(i) + ".example.com"}},
          {"paths", {"/service-" + std::to_string(i)}},
          {"service", {{"id", idOf(service)}}}};
}

Json keyDoc(size_t i) {
  return {{"id", idOf(i)},
          {"key", "0123456789abcdef0123456789" + std::to_string(100000 + i)},
          {"consumer", {{"id", idOf(i)}}}};
}

/// Bytes that the allocator has given out.
double allocated() { return static_cast<double>(mallinfo2().uordblks); }

/// A compiler that holds `count` services and routes, or consumers and keys.
class Filled {
 public:
  Filled(size_t routes, size_t consumers, size_t services = 0) {
    if (services == 0) services = routes;
    for (size_t i = 0; i < services; ++i) put("services", i, serviceDoc(i));
    for (size_t i = 0; i < routes; ++i) put("routes", i, routeDoc(i, i % services));
    for (size_t i = 0; i < consumers; ++i) {
      put("consumers", i, {{"id", idOf(i)}, {"username", "user-" + std::to_string(i)}});
      put("keyauth_credentials", i, keyDoc(i));
    }
    publish();
  }
  void put(const char* kind, size_t i, Json doc) {
    compiler.apply({Change::Op::kReplace, kind, idOf(i), std::move(doc)});
  }
  void publish() { snapshot = compiler.compile(1); }

  SnapshotCompiler compiler;
  std::shared_ptr<const proxy::Snapshot> snapshot;
};

void fillRoutes(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    double before = allocated();
    Filled filled(count, 0);
    bytes = allocated() - before;
  }
  state.counters["bytes_per_service_and_route"] = bytes / static_cast<double>(count);
}
BENCHMARK(fillRoutes)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond);

void fillKeys(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    double before = allocated();
    Filled filled(0, count);
    bytes = allocated() - before;
  }
  state.counters["bytes_per_consumer_and_key"] = bytes / static_cast<double>(count);
}
BENCHMARK(fillKeys)->Arg(1000)->Arg(1000000)->Unit(benchmark::kMillisecond);

void putRoute(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  Filled filled(count, 0);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % count;
    filled.put("routes", i, routeDoc(i, (i + 1) % count));
    filled.publish();
  }
}
BENCHMARK(putRoute)->Arg(1000)->Arg(100000)->Unit(benchmark::kMicrosecond);

/// All routes share the service.
void putSharedService(benchmark::State& state) {
  Filled filled(static_cast<size_t>(state.range(0)), 0, 1);
  int port = 1;
  for (auto _ : state) {
    port = port % 60000 + 1;
    filled.put("services", 0, serviceDoc(0, port));
    filled.publish();
  }
}
BENCHMARK(putSharedService)->Arg(1000)->Arg(100000)->Unit(benchmark::kMicrosecond);

void putKey(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  Filled filled(0, count);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % count;
    filled.put("keyauth_credentials", i, keyDoc((i + count) % 1000000));
    filled.publish();
  }
}
BENCHMARK(putKey)->Arg(1000)->Arg(1000000)->Unit(benchmark::kMicrosecond);

void putConsumer(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  Filled filled(0, count);
  size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % count;
    filled.put("consumers", i, {{"id", idOf(i)}, {"username", "other-" + std::to_string(i)}});
    filled.publish();
  }
}
BENCHMARK(putConsumer)->Arg(1000)->Arg(1000000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tollgate::config
