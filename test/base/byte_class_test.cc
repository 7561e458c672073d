#include "source/base/byte_class.h"

#include "source/base/decimal.h"

namespace tollgate {
namespace {

constexpr std::array<bool, 256> members() {
  std::array<bool, 256> set{};
  for (char c : std::string_view("-._~azAZ09/?\x7f")) set[static_cast<unsigned char>(c)] = true;
  return set;
}
constexpr ByteClass kClass{members()};

TEST(ByteClass, SaysOfEveryByteWhetherItIsInTheSet) {
  const auto set = members();
  for (int c = 0; c < 256; ++c) {
    EXPECT_EQ(kClass.has(static_cast<char>(c)), set[static_cast<size_t>(c)]) << c;
    const std::string block(ByteClass::kWide, static_cast<char>(c));
    EXPECT_EQ(kClass.outside(block.data()), set[static_cast<size_t>(c)] ? 0u : 0xffffu) << c;
    EXPECT_EQ(ByteClass::equal(block.data(), static_cast<char>(c)), 0xffffu);
    EXPECT_EQ(ByteClass::equal(block.data(), static_cast<char>(c + 1)), 0u);
  }
}

TEST(ByteClass, SpanEndsAtTheFirstByteOutside) {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    EXPECT_EQ(kClass.span(text), size);
    for (size_t at = 0; at < size; ++at) {
      text[at] = 'b';
      EXPECT_EQ(kClass.span(text), at) << size;
      text[at] = 'a';
    }
  }
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
  for (const char* bad :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "9999999999999999999", "\xb1"}) {
    uint64_t value = 42;
    EXPECT_FALSE(parseDecimal(bad, value)) << bad;
    EXPECT_EQ(value, 42u);
  }
}

}  // namespace
}  // namespace tollgate
