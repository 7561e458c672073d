#include "source/crypto/password_hash.h"

#include "test/crypto/bytes.h"

namespace tollgate::crypto {
namespace {

TEST(Scrypt, IsThatOfRfc7914) {
  EXPECT_EQ(toHex(scrypt("", "", {4, 1, 1}, 1 << 20).value()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
  EXPECT_EQ(toHex(scrypt("password", "NaCl", {10, 8, 16}, 2 << 20).value()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
}

TEST(Scrypt, RefusesWhatWouldTakeTooMuch) {
  EXPECT_EQ(scrypt("a", "b", {17, 8, 1}, 64 << 20).error().kind, Error::Kind::kInvalid);
  for (ScryptCost cost : {ScryptCost{0, 8, 1}, ScryptCost{14, 0, 1}, ScryptCost{14, 8, 0},
                          ScryptCost{60, 8, 1}, ScryptCost{14, 1 << 30, 1}}) {
    EXPECT_FALSE(scrypt("a", "b", cost, ~uint64_t{0}).ok());
  }
}

TEST(Pbkdf2, IsThatOfRfc6070) {
  struct {
    std::string password, salt;
    uint32_t iterations;
    const char* key;
  } cases[] = {
      {"password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
      {"password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
      {"password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"},
      {"passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
       "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
      {std::string("pass\0word", 9), std::string("sa\0lt", 5), 4096,
       "56fa6aa75548099dcc37d7f03425e0c3"},
  };
  for (const auto& c : cases) {
    const size_t bytes = std::string(c.key).size() / 2;
    EXPECT_EQ(toHex(pbkdf2(Hash::kSha1, c.password, c.salt, c.iterations, bytes).value()), c.key);
  }
}

TEST(Pbkdf2, WithSha256IsThatOfRfc7914) {
  EXPECT_EQ(toHex(pbkdf2(Hash::kSha256, "passwd", "salt", 1, 64).value()),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

TEST(Pbkdf2, RefusesCostsOutOfRange) {
  EXPECT_FALSE(pbkdf2(Hash::kSha256, "a", "b", 0, 32));
  EXPECT_FALSE(pbkdf2(Hash::kSha256, "a", "b", kPbkdf2MostIterations + 1, 32));
  EXPECT_FALSE(pbkdf2(Hash::kSha256, "a", "b", 1, 0));
  EXPECT_FALSE(pbkdf2(Hash::kSha256, "a", "b", 1, 1025));
}

TEST(Hkdf, IsThatOfRfc5869) {
  // Test cases 1 (with SHA-256) and 4 (with SHA-1).
  EXPECT_EQ(toHex(hkdf(Hash::kSha256, std::string(22, '\x0b'),
                       fromHex("000102030405060708090a0b0c"), fromHex("f0f1f2f3f4f5f6f7f8f9"), 42)
                      .value()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(toHex(hkdf(Hash::kSha1, std::string(11, '\x0b'), fromHex("000102030405060708090a0b0c"),
                       fromHex("f0f1f2f3f4f5f6f7f8f9"), 42)
                      .value()),
            "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896");
  EXPECT_FALSE(hkdf(Hash::kSha256, "a", "b", "c", 255 * 32 + 1));
}

}  // namespace
}  // namespace tollgate::crypto
