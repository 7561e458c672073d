#include "source/crypto/digest.h"

#include "test/crypto/bytes.h"

namespace tollgate::crypto {
namespace {

constexpr Hash kAll[] = {Hash::kMd5,    Hash::kSha1,   Hash::kSha224,
                         Hash::kSha256, Hash::kSha384, Hash::kSha512};

TEST(Digest, IsThatOfRfc1321AndFips180) {
  // RFC 1321 section A.5; NIST's examples for FIPS 180-4 ("abc", and two blocks).
  const std::string two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  struct {
    Hash hash;
    std::string text, digest;
  } cases[] = {
      {Hash::kMd5, "", "d41d8cd98f00b204e9800998ecf8427e"},
      {Hash::kMd5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
      {Hash::kMd5,
       "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "57edf4a22be3c955ac49da2e2107b67a"},
      {Hash::kSha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {Hash::kSha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {Hash::kSha1, two, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
      {Hash::kSha224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
      {Hash::kSha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {Hash::kSha256, two, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {Hash::kSha384, "abc",
       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
       "8086072ba1e7cc2358baeca134c825a7"},
      {Hash::kSha512, "abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
  };
  for (const auto& c : cases) EXPECT_EQ(digest(c.hash, c.text).hex(), c.digest) << c.text;
}

TEST(Digest, DoesNotDependOnHowItsTextIsCut) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i);
  for (Hash hash : kAll) {
    const std::string whole = digest(hash, text).hex();
    for (size_t cut = 0; cut <= text.size(); ++cut) {
      Digester parts(hash);
      parts.update(text.substr(0, cut)).update("").update(text.substr(cut));
      ASSERT_EQ(parts.finish().hex(), whole) << cut;
    }
  }
}

TEST(Digest, ACopyGoesOnByItself) {
  Digester one(Hash::kSha512);
  one.update("a");
  Digester other = one;
  other.update("b");
  EXPECT_EQ(one.update("c").finish().hex(), digest(Hash::kSha512, "ac").hex());
  EXPECT_EQ(other.finish().hex(), digest(Hash::kSha512, "ab").hex());
}

TEST(Hmac, IsThatOfRfc4231) {
  struct {
    std::string key, text;
    const char *sha224, *sha256, *sha384, *sha512;
  } cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
       "faea9ea9076ede7f4af152e8b2fa9cb6",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
       "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
      {"Jefe", "what do ya want for nothing?",
       "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
       "8e2240ca5e69e2c78b3239ecfab21649",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
       "0c2ef6ab4030fe8296248df163f44952",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
       "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(hmac(Hash::kSha224, c.key, c.text).hex(), c.sha224);
    EXPECT_EQ(hmac(Hash::kSha256, c.key, c.text).hex(), c.sha256);
    EXPECT_EQ(hmac(Hash::kSha384, c.key, c.text).hex(), c.sha384);
    EXPECT_EQ(hmac(Hash::kSha512, c.key, c.text).hex(), c.sha512);
  }
}

TEST(Hmac, OfMd5AndSha1IsThatOfRfc2202) {
  EXPECT_EQ(hmac(Hash::kMd5, "Jefe", "what do ya want for nothing?").hex(),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(hmac(Hash::kSha1, "Jefe", "what do ya want for nothing?").hex(),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Hmac, ServesMoreThanOnceWholeAndInParts) {
  const Hmac of(Hash::kSha256, "Jefe");
  const std::string wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(of("what do ya want for nothing?").hex(), wanted);
  Digester parts = of.begin();
  parts.update("what do ya ").update("want for nothing?");
  EXPECT_EQ(of.end(parts).hex(), wanted);
  const Sha256 bytes = HmacSha256("Jefe")("what do ya want for nothing?");
  EXPECT_EQ(toHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}), wanted);
}

}  // namespace
}  // namespace tollgate::crypto
