#include "source/base/base64.h"

namespace tollgate {
namespace {

TEST(Base64, WritesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (auto [plain, encoded] : cases) {
    EXPECT_EQ(encodeBase64(plain, Base64Alphabet::kStandard), encoded);
  }
  EXPECT_EQ(encodeBase64("\xfb\xff", Base64Alphabet::kStandard), "+/8");
  EXPECT_EQ(encodeBase64("\xfb\xff", Base64Alphabet::kUrl), "-_8");
}

TEST(Base64, ReadsBothAlphabetsWithAndWithoutPadding) {
  for (const char* text : {"+/8", "-_8", "+/8=", "-_8="}) {
    std::string out;
    ASSERT_TRUE(decodeBase64(text, out)) << text;
    EXPECT_EQ(out, "\xfb\xff") << text;
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"", "====", "abcde", "a b=",
                           "ab\xff"
                           "c",
                           "a=bc"}) {
    std::string out;
    EXPECT_FALSE(decodeBase64(text, out)) << text;
  }
}

}  // namespace
}  // namespace tollgate
