// Finding the consumer of an API key among a million.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "source/config/directory.h"

namespace tollgate::config {
namespace {

void findKey(benchmark::State& state) {
  auto count = static_cast<size_t>(state.range(0));
  SnapshotDirectory directory;
  std::vector<std::string> keys(count);
  for (size_t i = 0; i < count; ++i) {
    keys[i] = "key-" + std::to_string(i * 2654435761u) + "-" + std::to_string(i);
    http::KeyCredential credential;
    credential.id = keys[i];
    directory.keys.put(KeyEntry::make(keys[i], credential));
  }
  size_t i = 0;
  for (auto _ : state) {
    if (directory.findKey(keys[i]) == nullptr) state.SkipWithError("not found");
    i = (i + 7919) % count;
  }
}
BENCHMARK(findKey)->Arg(1000)->Arg(1000000);

}  // namespace
}  // namespace tollgate::config
