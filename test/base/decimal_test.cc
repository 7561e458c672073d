#include "source/base/decimal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate {
namespace {

/// Around every power of two and of ten.
std::vector<uint32_t> edges() {
  std::vector<uint32_t> out{0, UINT32_MAX};
  auto around = [&](uint64_t value) {
    for (uint64_t near : {value - 1, value, value + 1}) {
      if (near <= UINT32_MAX) out.push_back(static_cast<uint32_t>(near));
    }
  };
  for (int bit = 0; bit < 32; ++bit) around(uint64_t{1} << bit);
  for (uint64_t power = 1; power <= UINT32_MAX; power *= 10) around(power);
  return out;
}

TEST(Decimal, IsWrittenAsTheStandardLibraryDoes) {
  for (uint32_t value : edges()) {
    const std::string expected = std::to_string(value);
    char text[16] = "...............";
    char* end = writeDecimal(text, value);
    EXPECT_EQ(std::string_view(text, static_cast<size_t>(end - text)), expected);
    EXPECT_EQ(*end, '.') << "nothing is written behind the number " << value;
    EXPECT_EQ(digitsOf(value), expected.size());
    EXPECT_EQ(Decimal(value).text(), expected);
    EXPECT_EQ(Decimal(-int64_t{value}).text(), std::to_string(-int64_t{value}));
  }
  EXPECT_EQ(Decimal(INT64_MIN).text(), std::to_string(INT64_MIN));
  EXPECT_EQ(Decimal(INT64_MAX).text(), std::to_string(INT64_MAX));
}

TEST(Decimal, IsReadUpToEighteenDigits) {
  uint64_t value = 7;
  for (const char* bad : {"", "-1", "+1", "1 ", "0x1", "1234567890123456789"}) {
    EXPECT_FALSE(parseDecimal(bad, value)) << bad;
  }
  EXPECT_EQ(value, 7u) << "left alone";
  ASSERT_TRUE(parseDecimal("999999999999999999", value));
  EXPECT_EQ(value, 999999999999999999u);
  ASSERT_TRUE(parseDecimal("00", value));
  EXPECT_EQ(value, 0u);
}

}  // namespace
}  // namespace tollgate
