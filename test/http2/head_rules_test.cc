#include "source/http2/head_rules.h"

#include <string>

namespace tollgate::http2 {
namespace {

TEST(HeadRules, EveryByteHasItsPlaceInNamesAndValues) {
  const std::string marks = "!#$%&'*+-.^_`|~", digits = "0123456789";
  const std::string small = "abcdefghijklmnopqrstuvwxyz", capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    auto in = [&](const std::string& set) { return set.find(c) != std::string::npos; };
    const std::string text{'a', c, 'b'};
    bool lower = in(marks) || in(digits) || in(small);
    EXPECT_EQ(isFieldName(text), lower) << byte;
    EXPECT_EQ(isToken(text), lower || in(capitals)) << byte;
    EXPECT_EQ(isFieldValue(text), (byte >= 0x20 && byte != 0x7f) || byte == '\t') << byte;
  }
  EXPECT_FALSE(isToken(""));
  EXPECT_FALSE(isFieldName(""));
  EXPECT_TRUE(isFieldValue(""));
  EXPECT_FALSE(isFieldValue(" a"));
  EXPECT_FALSE(isFieldValue("a\t"));
}

TEST(HeadRules, KnowsTheFieldsOfOneConnectionInAnyCase) {
  for (const char* name :
       {"connection", "Keep-Alive", "PROXY-CONNECTION", "Transfer-Encoding", "upgrade"}) {
    EXPECT_TRUE(isConnectionField(http::codeOf(name))) << name;
  }
  for (const char* name : {"connections", "te", "host", "x-upgrade", ""}) {
    EXPECT_FALSE(isConnectionField(http::codeOf(name))) << name;
  }
}

}  // namespace
}  // namespace tollgate::http2
