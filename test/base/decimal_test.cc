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

TEST(Decimal, ReadsWhatItWrites) {
  for (int64_t value : {int64_t{0}, int64_t{7}, int64_t{10}, int64_t{99}, int64_t{100},
                        int64_t{12345}, int64_t{999'999'999'999'999'999}}) {
    uint64_t read = 1;
    EXPECT_TRUE(parseDecimal(Decimal(value).text(), read));
    EXPECT_EQ(static_cast<int64_t>(read), value);
  }
  EXPECT_EQ(Decimal(INT64_MIN).text(), "-9223372036854775808");
}

TEST(Decimal, LeavesTheValueAloneWhereThereIsNone) {
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "9999999999999999999",
                          "1234567890123456789", "\xb1"}) {
    uint64_t value = 42;
    EXPECT_FALSE(parseDecimal(bad, value)) << bad;
    EXPECT_EQ(value, 42u);
  }
}

}  // namespace
}  // namespace tollgate
