#include "source/base/byte_class.h"

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

}  // namespace
}  // namespace tollgate
