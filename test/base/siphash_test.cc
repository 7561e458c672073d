#include "source/base/siphash.h"

namespace tollgate {
namespace {

std::string hex(Hash128 hash) {
  std::string out;
  for (uint64_t word : {hash.low, hash.high}) {
    for (int i = 0; i < 8; ++i) {
      char byte[3];
      snprintf(byte, sizeof byte, "%02x", static_cast<unsigned>(word >> (8 * i) & 255));
      out += byte;
    }
  }
  return out;
}

/// The key of the published vectors is 00 01 … 0f, the texts are the first bytes of 00 01 02 ….
TEST(SipHash, GivesThePublishedVectors) {
  SipHash24 hash({0x0706050403020100, 0x0f0e0d0c0b0a0908});
  std::string text;
  for (char c = 0; c < 63; ++c) text += c;
  EXPECT_EQ(hex(hash("")), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(hex(hash(std::string_view(text).substr(0, 1))), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(hex(hash(std::string_view(text).substr(0, 8))), "3b62a9ba6258f5610f83e264f31497b4");
  EXPECT_EQ(hex(hash(std::string_view(text).substr(0, 15))), "5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_EQ(hex(hash(text)), "5150d1772f50834a503e069a973fbd7c");
}

TEST(SipHash, DependsOnTheKey) {
  EXPECT_FALSE(SipHash13({1, 2})("a") == SipHash13({1, 3})("a"));
  EXPECT_FALSE(SipHash13({1, 2})("a") == SipHash13({2, 2})("a"));
}

}  // namespace
}  // namespace tollgate
