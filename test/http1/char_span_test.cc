#include "source/http1/char_span.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstring>
#include <string>

namespace tollgate::http1 {
namespace {

bool tokenByte(unsigned char c) {
  return c < 0x80 && (std::isalnum(c) || (c != 0 && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr));
}
bool valueByte(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }
bool targetByte(unsigned char c) { return c > 0x20 && c != 0x7f && c != '#'; }

/// Every byte at every place of every length that the vector loops treat differently.
template <typename Span, typename Member>
void checkSpan(Span span, Member member) {
  for (size_t length = 1; length <= 50; ++length) {
    std::string text(length, 'a');
    const char* begin = text.data();
    ASSERT_EQ(span(begin, begin + length), begin + length);
    for (size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        text[at] = static_cast<char>(byte);
        size_t expected = member(static_cast<unsigned char>(byte)) ? length : at;
        ASSERT_EQ(static_cast<size_t>(span(begin, begin + length) - begin), expected)
            << "byte " << byte << " at " << at << " of " << length;
      }
      text[at] = 'a';
    }
  }
}

TEST(CharSpan, TokenIsThatOfRfc9110) { checkSpan(tokenSpan, tokenByte); }
TEST(CharSpan, ValueHasNoControlsButTab) { checkSpan(valueSpan, valueByte); }
TEST(CharSpan, TargetHasNoSpaceNorFragment) { checkSpan(targetSpan, targetByte); }
TEST(CharSpan, LineFeed) {
  checkSpan(lineFeed, [](unsigned char c) { return c != '\n'; });
}

TEST(CharSpan, WholeValuesOfEveryLength) {
  EXPECT_TRUE(isFieldValue(""));
  checkSpan(
      [](const char* p, const char* end) {
        bool whole = isFieldValue({p, static_cast<size_t>(end - p)});
        return whole ? end : valueSpan(p, end) == end ? nullptr : valueSpan(p, end);
      },
      valueByte);
}

TEST(CharSpan, EmptyIsNoToken) {
  EXPECT_FALSE(isToken(""));
  EXPECT_TRUE(isToken("x"));
  EXPECT_FALSE(isToken("x y"));
}

}  // namespace
}  // namespace tollgate::http1
