#include "source/base/short_hash.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace tollgate {
namespace {

ShortHash::Key keyOf(uint64_t seed) {
  std::mt19937_64 random(seed);
  ShortHash::Key key;
  for (uint64_t& word : key) word = random();
  return key;
}

/// As one value, for sets.
std::pair<uint64_t, uint64_t> of(const ShortHash& hash, std::string_view text) {
  Hash128 out = hash(text);
  return {out.low, out.high};
}

TEST(ShortHash, EveryByteAndTheLengthCount) {
  const ShortHash hash(keyOf(1));
  std::set<std::pair<uint64_t, uint64_t>> seen;
  size_t texts = 0;
  for (size_t size = 0; size <= ShortHash::kMost + 20; ++size) {
    const std::string zeros(size, '\0');
    seen.insert(of(hash, zeros));
    ++texts;
    for (size_t i = 0; i < size; ++i) {
      for (char c : {'\1', '\x80'}) {
        std::string other = zeros;
        other[i] = c;
        seen.insert(of(hash, other));
        ++texts;
      }
    }
  }
  EXPECT_EQ(seen.size(), texts);
}

TEST(ShortHash, EveryWordOfTheKeyCounts) {
  const ShortHash::Key key = keyOf(2);
  const std::string longest(ShortHash::kMost, 'a');
  for (size_t i = 0; i < key.size(); ++i) {
    ShortHash::Key other = key;
    other[i] ^= 1;
    EXPECT_FALSE(ShortHash(key)(longest) == ShortHash(other)(longest)) << i;
  }
}

TEST(ShortHash, ReadsNothingBeyondTheText) {
  const ShortHash hash(keyOf(3));
  for (size_t size = 0; size <= ShortHash::kMost + 1; ++size) {
    const std::string text(size, 'k');
    const std::string longer = text + "x", another = text + "y";
    EXPECT_TRUE(hash(std::string_view(longer).substr(0, size)) ==
                hash(std::string_view(another).substr(0, size)));
  }
}

/// Keys as people number them must not share few places of a table.
TEST(ShortHash, BucketsOfSimilarTextsAreSpread) {
  const ShortHash hash(keyOf(4));
  constexpr size_t kBuckets = 1024, kTexts = 16 * kBuckets;
  std::vector<size_t> count(kBuckets);
  for (size_t i = 0; i < kTexts; ++i) {
    ++count[ShortHash::bucket(hash("consumer-key-" + std::to_string(100000 + i))) % kBuckets];
  }
  for (size_t n : count) EXPECT_LT(n, 64u);  // 16 on the average
}

}  // namespace
}  // namespace tollgate
