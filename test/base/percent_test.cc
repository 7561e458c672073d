#include "source/base/percent.h"

namespace tollgate {
namespace {

TEST(Percent, DecodesEscapesAndLeavesTheRest) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},         {"plain", "plain"}, {"%41%62", "Ab"},    {"%2f%2F", "//"},
      {"a%20b", "a b"}, {"%", "%"},         {"%4", "%4"},        {"%4g", "%4g"},
      {"%%41", "%A"},   {"a%4", "a%4"},     {"%25%34%31", "%41"}};
  for (const auto& [text, decoded] : cases) {
    EXPECT_EQ(decodedPercent(text, Plus::kItself), decoded) << text;
  }
  EXPECT_EQ(decodedPercent("%00", Plus::kItself), std::string(1, '\0'));
}

TEST(Percent, APlusIsASpaceInForms) {
  EXPECT_EQ(decodedPercent("a+b%2B", Plus::kItself), "a+b+");
  EXPECT_EQ(decodedPercent("a+b%2B", Plus::kSpace), "a b+");
}

TEST(Percent, CopiesOnlyWhatHasSomethingToDecode) {
  Arena arena;
  const std::string plain = "a+b";
  EXPECT_EQ(decodedPercent(plain, Plus::kItself, arena).data(), plain.data());
  EXPECT_EQ(decodedPercent(plain, Plus::kSpace, arena), "a b");
  EXPECT_EQ(decodedPercent("a%20b", Plus::kItself, arena), "a b");
}

TEST(Percent, EncodesWhatMayNotStand) {
  Arena arena;
  std::string out = "=";
  encodePercent("a-b_c.d~e f/\xff", isUnreserved, out);
  EXPECT_EQ(out, "=a-b_c.d~e%20f%2F%FF");
  EXPECT_EQ(encodedPercent("a b", isUnreserved, arena), "a%20b");
  const std::string_view plain = "plain";
  EXPECT_EQ(encodedPercent(plain, isUnreserved, arena).data(), plain.data());
}

TEST(Percent, TellsWhereAnEscapeIs) {
  EXPECT_EQ(escapedByte("a%2f", 1), '/');
  EXPECT_EQ(escapedByte("a%2f", 0), -1);
  EXPECT_EQ(escapedByte("a%2f", 2), -1);
  EXPECT_EQ(escapedByte("%2", 0), -1);
  EXPECT_EQ(escapedByte("", 0), -1);
}

}  // namespace
}  // namespace tollgate
