// One decision of a limit: the cell of one of 10,000 clients, then one request taken from it.
#include <benchmark/benchmark.h>

#include "filters/http/rate_limiting/limit.h"

namespace tollgate::filters::rate_limiting {
namespace {

template <typename A>
void take(benchmark::State& state) {
  static CellTable table(1 << 16);
  A algorithm(Limit{1000000, Period::kMinute});
  int64_t now = 1700000000000;
  uint64_t client = 0;
  for (auto _ : state) {
    client = (client + 1) % 10000;
    Cell& cell = table.find((client + 1) * 0x9e3779b97f4a7c15, now);
    benchmark::DoNotOptimize(algorithm.take(cell, now));
    if (client == 0) ++now;
  }
}
BENCHMARK(take<TokenBucket>)->Threads(1)->Threads(2);
BENCHMARK(take<FixedWindow>)->Threads(1)->Threads(2);
BENCHMARK(take<SlidingWindow>)->Threads(1)->Threads(2);

}  // namespace
}  // namespace tollgate::filters::rate_limiting
