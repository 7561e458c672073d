#include "source/base/trim.h"

namespace tollgate {
namespace {

TEST(Trimmed, TakesAwayWhatItIsToldAtBothEnds) {
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \ta \t b\t"), "a \t b");
  EXPECT_EQ(trimmed("\r\n a\n"), "\r\n a\n");
  EXPECT_EQ(trimmed("\r\n a\v\f\n", kWhiteSpace), "a");
}

}  // namespace
}  // namespace tollgate
