#include "source/upstream/pool_key.h"

#include <sys/random.h>

#include <cstdint>

#include "source/base/text_hash.h"

namespace tollgate::upstream {
namespace {

uint64_t randomSeed() {
  uint64_t seed = 0;
  // Without it hashing still works.
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = 0;
  return seed;
}

}  // namespace

size_t hashOfPoolKey(std::string_view text) {
  static const uint64_t kSeed = randomSeed();
  return XXH3_64bits_withSeed(text.data(), text.size(), kSeed);
}

}  // namespace tollgate::upstream
