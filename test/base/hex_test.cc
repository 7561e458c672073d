#include "source/base/hex.h"

#include "source/base/uuid.h"

namespace tollgate {
namespace {

TEST(Hex, WritesTwoDigitsForEachByte) {
  EXPECT_EQ(toHex(""), "");
  EXPECT_EQ(toHex(std::string_view("\0\x0f\xff\x7f", 4)), "000fff7f");
}

TEST(Hex, ReadsDigitsInEitherCaseAndNothingElse) {
  int digits = 0;
  for (int c = 0; c < 256; ++c) digits += hexValue(static_cast<char>(c)) >= 0;
  EXPECT_EQ(digits, 22);
  EXPECT_EQ(hexValue('0'), 0);
  EXPECT_EQ(hexValue('a'), 10);
  EXPECT_EQ(hexValue('F'), 15);
  EXPECT_TRUE(isLowerHex("00ff", 4));
  EXPECT_TRUE(isLowerHex("", 0));
  EXPECT_FALSE(isLowerHex("00FF", 4));
  EXPECT_FALSE(isLowerHex("00ff", 2));
}

TEST(Uuid, IsToldFromOtherTexts) {
  EXPECT_TRUE(isUuid("fd02801f-0957-4a15-a55a-c8d9606f30b5"));
  EXPECT_TRUE(isUuid("FD02801F-0957-4A15-A55A-C8D9606F30B5"));
  EXPECT_TRUE(isUuid("00000000-0000-0000-0000-000000000000"));
  for (const char* text :
       {"", "fd02801f09574a15a55ac8d9606f30b5", "fd02801f-0957-4a15-a55a-c8d9606f30b",
        "fd02801f-0957-4a15-a55a-c8d9606f30b5 ", "fd02801g-0957-4a15-a55a-c8d9606f30b5",
        "fd02801f-0957-4a15-a55ac-8d9606f30b5",
        "fd02801f-0957-4a15-a55a\xc3\xa9"
        "8d9606f30b5"}) {
    EXPECT_FALSE(isUuid(text)) << text;
  }
}

TEST(Uuid, IsPrintedWithDashes) {
  const uint8_t bytes[16] = {0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15,
                             0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5};
  EXPECT_EQ(printUuid(bytes), "fd02801f-0957-4a15-a55a-c8d9606f30b5");
}

}  // namespace
}  // namespace tollgate
