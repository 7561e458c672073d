#include "source/tls/digest.h"

namespace tollgate::tls {
namespace {

template <typename Bytes>
std::string hex(const Bytes& bytes) {
  std::string out;
  for (auto byte : bytes) {
    char text[3];
    snprintf(text, sizeof text, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    out += text;
  }
  return out;
}

TEST(Digest, Sha256AndSha1OfFips180) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Digest, HmacOfRfc4231) {
  struct {
    std::string key, text, digest;
  } cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const auto& c : cases) {
    HmacSha256 hmac(c.key);
    EXPECT_EQ(hex(hmac(c.text)), c.digest);
    EXPECT_EQ(hex(hmac(c.text)), c.digest) << "a second time";
  }
}

TEST(Digest, HkdfOfRfc5869) {
  EXPECT_EQ(hex(deriveKey(std::string(22, '\x0b'), "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  EXPECT_NE(deriveKey("a", "one purpose"), deriveKey("a", "another"));
}

TEST(Digest, ScryptOfRfc7914) {
  EXPECT_EQ(hex(scrypt("", "", {4, 1, 1}, 1 << 20).value()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
  EXPECT_EQ(hex(scrypt("password", "NaCl", {10, 8, 16}, 2 << 20).value()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
}

TEST(Digest, ScryptRefusesWhatWouldTakeTooMuch) {
  EXPECT_EQ(scrypt("a", "b", {17, 8, 1}, 64 << 20).error().kind, Error::Kind::kInvalid);
  for (ScryptCost cost : {ScryptCost{0, 8, 1}, ScryptCost{14, 0, 1}, ScryptCost{14, 8, 0},
                          ScryptCost{60, 8, 1}, ScryptCost{14, 1 << 30, 1}}) {
    EXPECT_FALSE(scrypt("a", "b", cost, ~uint64_t{0}).ok());
  }
}

TEST(Digest, ComparesInFull) {
  EXPECT_TRUE(equalInConstantTime("abc", "abc"));
  EXPECT_TRUE(equalInConstantTime("", ""));
  EXPECT_FALSE(equalInConstantTime("abc", "abd"));
  EXPECT_FALSE(equalInConstantTime("abc", "ab"));
}

TEST(Sealing, OpensUnderTheSameKeyAndContextOnly) {
  std::string key(32, 'k'), other(32, 'o');
  std::string sealed = seal(key, "the secret", "kind.field").value();
  EXPECT_EQ(sealed.find("the secret"), std::string::npos);
  EXPECT_NE(sealed, seal(key, "the secret", "kind.field").value()) << "the nonce is new each time";
  EXPECT_EQ(unseal(key, sealed, "kind.field").value(), "the secret");
  EXPECT_EQ(unseal(key, seal(key, "", "c").value(), "c").value(), "");
  EXPECT_FALSE(unseal(other, sealed, "kind.field").ok());
  EXPECT_FALSE(unseal(key, sealed, "kind.other").ok());
}

TEST(Sealing, SeesEachChangedByteAndEachCut) {
  std::string key(32, 'k');
  const std::string sealed = seal(key, "x", "c").value();
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(unseal(key, changed, "c").ok()) << i;
    EXPECT_FALSE(unseal(key, sealed.substr(0, i), "c").ok()) << i;
  }
}

}  // namespace
}  // namespace tollgate::tls
