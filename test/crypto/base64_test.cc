#include "source/crypto/base64.h"

namespace tollgate::crypto {
namespace {

// RFC 4648 section 10.
constexpr std::pair<const char*, const char*> kVectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

TEST(Base64, WritesAndReadsTheVectorsOfRfc4648) {
  for (auto [plain, encoded] : kVectors) {
    std::string padded = encoded;
    while (padded.size() % 4 != 0) padded += '=';
    EXPECT_EQ(encodeBase64(plain, Base64::kStandard), padded);
    EXPECT_EQ(encodeBase64(plain, Base64::kStandardUnpadded), encoded);
    EXPECT_EQ(encodeBase64(plain, Base64::kUrl), encoded);
    EXPECT_EQ(decodeBase64(padded, Base64::kStandard).value(), plain);
    EXPECT_EQ(decodeBase64(encoded, Base64::kStandardUnpadded).value(), plain);
    EXPECT_EQ(decodeBase64(encoded, Base64::kUrl).value(), plain);
  }
}

TEST(Base64, HasTwoAlphabets) {
  EXPECT_EQ(encodeBase64("\xfb\xff", Base64::kStandard), "+/8=");
  EXPECT_EQ(encodeBase64("\xfb\xff", Base64::kUrl), "-_8");
  EXPECT_EQ(decodeBase64("+/8=", Base64::kStandard).value(), "\xfb\xff");
  EXPECT_EQ(decodeBase64("-_8", Base64::kUrl).value(), "\xfb\xff");
  EXPECT_FALSE(decodeBase64("-_8=", Base64::kStandard));
  EXPECT_FALSE(decodeBase64("+/8", Base64::kUrl));
}

TEST(Base64, HasOneTextForEachSequenceOfBytes) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8",
                           "Zg==Zg==", "Zg ==", "====", "=", "Z", "Zm9v\n", "Zm\xc3\xa9", "Z=g="}) {
    EXPECT_FALSE(decodeBase64(text, Base64::kStandard)) << text;
  }
  for (const char* text : {"Zg==", "Zh", "Zm9", "Z", "Zm9vY", "Zm 9", "Zm9v\n", "=", "Zm8="}) {
    EXPECT_FALSE(decodeBase64(text, Base64::kUrl)) << text;
  }
}

TEST(Base64, SaysWhereItIsWrong) {
  EXPECT_EQ(decodeBase64("ab*d", Base64::kUrl).error().message,
            "no base64: wrong character at position 3");
  EXPECT_EQ(decodeBase64("abcde", Base64::kUrl).error().message, "no base64: it is cut off");
}

TEST(Base64, ReadsWhatPeopleTypeInEitherAlphabetWithAndWithoutPadding) {
  for (const char* text : {"+/8", "-_8", "+/8=", "-_8="}) {
    EXPECT_EQ(decodeAnyBase64(text).value(), "\xfb\xff") << text;
  }
  for (const char* text : {"", "====", "abcde", "a b=",
                           "ab\xff"
                           "c",
                           "a=bc"}) {
    EXPECT_FALSE(decodeAnyBase64(text)) << text;
  }
}

TEST(Base64, ReadsBackAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes += static_cast<char>(i * 7);
    for (Base64 form : {Base64::kStandard, Base64::kStandardUnpadded, Base64::kUrl}) {
      EXPECT_EQ(decodeBase64(encodeBase64(bytes, form), form).value(), bytes);
    }
  }
}

}  // namespace
}  // namespace tollgate::crypto
