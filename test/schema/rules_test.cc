#include "source/schema/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "source/schema/characters.h"

namespace tollgate::schema {
namespace {

TEST(MakeSecret, HasADigitEveryTimeAndIsNeverTheSame) {
  // Left to chance, a dozen and more of so many would be without a digit.
  constexpr size_t kCount = 5'000;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < kCount; ++i) {
    const std::string secret = makeSecret();
    ASSERT_EQ(secret.size(), 32u);
    ASSERT_TRUE(std::ranges::all_of(secret, isAlnum)) << secret;
    ASSERT_TRUE(std::ranges::any_of(secret, isDigit)) << secret;
    seen.insert(secret);
  }
  EXPECT_EQ(seen.size(), kCount);
}

}  // namespace
}  // namespace tollgate::schema
