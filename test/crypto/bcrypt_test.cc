#include "source/crypto/bcrypt.h"

namespace tollgate::crypto {
namespace {

// The vectors of jBCrypt (TestBCrypt, by Damien Miller) and of Openwall's crypt_blowfish.
constexpr const char* kEmpty = "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
constexpr const char* kAbc = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
constexpr const char* kStars = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

TEST(Bcrypt, MatchesPublishedHashes) {
  EXPECT_TRUE(matchesBcrypt("", kEmpty, 12).value());
  EXPECT_TRUE(matchesBcrypt("abc", kAbc, 12).value());
  EXPECT_TRUE(matchesBcrypt("U*U", kStars, 12).value());
  EXPECT_FALSE(matchesBcrypt("abd", kAbc, 12).value());
  EXPECT_FALSE(matchesBcrypt("", kAbc, 12).value());
  EXPECT_FALSE(matchesBcrypt(std::string("abc\0", 4), kAbc, 12).value());
}

TEST(Bcrypt, MatchesWhatItHasMade) {
  const std::string hash = bcrypt("a password", 4).value();
  EXPECT_TRUE(hash.starts_with("$2b$04$")) << hash;
  EXPECT_NE(hash, bcrypt("a password", 4).value()) << "the salt is new each time";
  EXPECT_TRUE(matchesBcrypt("a password", hash, 4).value());
  EXPECT_FALSE(matchesBcrypt("a passwore", hash, 4).value());
  const std::string most(72, 'x');
  EXPECT_TRUE(matchesBcrypt(most + "y", bcrypt(most, 4).value(), 4).value()) << "it sees no more";
}

TEST(Bcrypt, RefusesWhatTakesTooLongAndWhatIsNone) {
  EXPECT_EQ(matchesBcrypt("abc", kAbc, 5).error().message,
            "a bcrypt hash of cost 6 takes too long; the limit is 5");
  std::string odd = kAbc;
  odd[20] = '*';
  std::string cost = kAbc;
  cost[4] = '3';
  std::string other = kAbc;
  other[2] = 'x';
  for (const std::string& text :
       {std::string(), std::string("$2a$"), std::string(kAbc, 59), std::string(kAbc) + "x", odd,
        cost, other, std::string("$6$rounds=1000$abc$") + std::string(41, 'a')}) {
    EXPECT_FALSE(matchesBcrypt("abc", text, 31)) << text;
  }
  EXPECT_FALSE(bcrypt("a", 3));
  EXPECT_FALSE(bcrypt("a", 32));
  EXPECT_FALSE(bcrypt(std::string(73, 'a'), 4));
  EXPECT_FALSE(bcrypt(std::string("a\0b", 3), 4));
}

}  // namespace
}  // namespace tollgate::crypto
