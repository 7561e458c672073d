// Finding the consumer of an API key among a million: a key that recurs, and one that is not
// remembered.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "source/config/directory.h"

namespace tollgate::config {
namespace {

struct World {
  explicit World(size_t count) : directory(lookup), keys(count) {
    consumer->id = "c";
    directory.add(consumer);
    for (size_t i = 0; i < count; ++i) {
      keys[i] = "key-" + std::to_string(i * 2654435761u) + "-" + std::to_string(i);
      auto digest = lookup->credentials().lookupDigest(keys[i]);
      directory.add({digest.begin(), digest.end()}, {std::to_string(i), consumer.get(), 0});
    }
  }

  std::shared_ptr<KeyLookup> lookup = std::make_shared<KeyLookup>(
      std::make_shared<Credentials>("a secret of thirty-two characters"));
  SnapshotDirectory directory;
  std::shared_ptr<http::Consumer> consumer = std::make_shared<http::Consumer>();
  std::vector<std::string> keys;
};

/// `recurring` keys take turns.
void findKeys(benchmark::State& state, size_t recurring) {
  auto count = static_cast<size_t>(state.range(0));
  World world(count);
  size_t i = 0;
  for (auto _ : state) {
    if (world.directory.findKey(world.keys[i]) == nullptr) state.SkipWithError("not found");
    i = (i + 7919) % std::min(count, recurring);
  }
}
void findRecurringKey(benchmark::State& state) { findKeys(state, 1000); }
void findAnyKey(benchmark::State& state) { findKeys(state, SIZE_MAX); }
BENCHMARK(findRecurringKey)->Arg(1000)->Arg(1000000);
BENCHMARK(findAnyKey)->Arg(1000000);

}  // namespace
}  // namespace tollgate::config
