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
    directory.numbered.edit(0) = ConsumerEntry::make({});
    for (size_t i = 0; i < count; ++i) {
      keys[i] = "key-" + std::to_string(i * 2654435761u) + "-" + std::to_string(i);
      http::KeyCredential credential;
      credential.id = keys[i];
      directory.keys.put(KeyEntry::make(directory.indexOf(keys[i]), credential));
    }
  }

  std::shared_ptr<KeyLookup> lookup = std::make_shared<KeyLookup>(
      std::make_shared<store::Credentials>("a secret of thirty-two characters"));
  SnapshotDirectory directory;
  std::vector<std::string> keys;
};

/// `recurring` keys take turns.
void findKeys(benchmark::State& state, size_t recurring) {
  auto count = static_cast<size_t>(state.range(0));
  World world(count);
  size_t i = 0;
  for (auto _ : state) {
    if (world.directory.findKey(world.keys[i]).credential == nullptr)
      state.SkipWithError("not found");
    i = (i + 7919) % std::min(count, recurring);
  }
}
void findRecurringKey(benchmark::State& state) { findKeys(state, 1000); }
void findAnyKey(benchmark::State& state) { findKeys(state, SIZE_MAX); }
BENCHMARK(findRecurringKey)->Arg(1000)->Arg(1000000);
BENCHMARK(findAnyKey)->Arg(1000000);

}  // namespace
}  // namespace tollgate::config
