#include "source/crypto/secret.h"

#include <algorithm>
#include <set>

#include "source/base/uuid.h"

namespace tollgate::crypto {
namespace {

TEST(EqualInConstantTime, ComparesInFull) {
  EXPECT_TRUE(equalInConstantTime("abc", "abc"));
  EXPECT_TRUE(equalInConstantTime("", ""));
  EXPECT_FALSE(equalInConstantTime("abc", "abd"));
  EXPECT_FALSE(equalInConstantTime("abc", "ab"));
}

TEST(Random, IsAsLongAsAskedForAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(randomBytes(16));
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(randomBytes(0), "");
  uint8_t bytes[32] = {};
  fillRandom(bytes);
  EXPECT_NE(std::count(std::begin(bytes), std::end(bytes), 0), 32);
}

TEST(RandomUuid, IsOfVersion4) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = randomUuid();
    EXPECT_TRUE(isUuid(uuid)) << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Secret, LeavesNothingWhereItWas) {
  for (size_t size : {size_t{5}, size_t{100}}) {  // within the string, and outside of it
    std::string text(size, 'x');
    const char* at = text.data();
    Secret one(std::move(text));
    EXPECT_EQ(one.view(), std::string(size, 'x'));
    if (size < 15) {
      EXPECT_EQ(at[0], '\0');
    }
    Secret other(std::move(one));
    EXPECT_TRUE(one.empty());  // NOLINT: what is left is the point
    one = std::move(other);
    EXPECT_EQ(one.view(), std::string(size, 'x'));
    EXPECT_TRUE(other.empty());  // NOLINT
  }
}

TEST(Wipe, OverwritesWhatAStringHeldBefore) {
  std::string text(100, 'x');
  text.resize(3);
  const char* at = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), at);
  for (size_t i = 0; i < 100; ++i) EXPECT_NE(at[i], 'x') << i;
}

}  // namespace
}  // namespace tollgate::crypto
