#include "source/crypto/aead.h"

#include "source/crypto/sealing.h"
#include "test/crypto/bytes.h"

namespace tollgate::crypto {
namespace {

struct Vector {
  const char* source;
  Cipher cipher;
  std::string key, nonce, plain, additional, sealed;
};

std::vector<Vector> vectors() {
  const std::string plain =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
  const std::string additional = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
  const std::string key = "feffe9928665731c6d6a8f9467308308";
  return {
      {"GCM (McGrew and Viega, submitted to NIST), test case 2", Cipher::kAes128Gcm,
       std::string(32, '0'), std::string(24, '0'), std::string(32, '0'), "",
       "0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"},
      {"test case 4", Cipher::kAes128Gcm, key, "cafebabefacedbaddecaf888", plain, additional,
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
       "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
       "5bc94fbc3221a5db94fae95ae7121a47"},
      {"test case 13", Cipher::kAes256Gcm, std::string(64, '0'), std::string(24, '0'), "", "",
       "530f8afbc74536b9a963b4f1c4cb738b"},
      {"test case 16", Cipher::kAes256Gcm, key + key, "cafebabefacedbaddecaf888", plain, additional,
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
       "76fc6ece0f4e1768cddf8853bb2d551b"},
      {"RFC 8439 section 2.8.2", Cipher::kChaCha20Poly1305,
       "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
       "070000004041424344454647",
       toHex("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
             "future, sunscreen would be it."),
       "50515253c0c1c2c3c4c5c6c7",
       "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
       "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
       "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
       "3ff4def08e4b7a9de576d26586cec64b6116"
       "1ae10b594f09e26a7e902ecbd0600691"},
      {"draft-irtf-cfrg-xchacha-03 section A.3.1", Cipher::kXChaCha20Poly1305,
       "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
       "404142434445464748494a4b4c4d4e4f5051525354555657",
       toHex("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
             "future, sunscreen would be it."),
       "50515253c0c1c2c3c4c5c6c7",
       "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
       "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
       "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
       "21f9664c97637da9768812f615c68b13b52e"
       "c0875924c1c7987947deafd8780acf49"},
  };
}

TEST(Aead, IsThatOfItsSpecifications) {
  for (const Vector& v : vectors()) {
    const Aead aead = Aead::make(v.cipher, fromHex(v.key)).value();
    const std::string nonce = fromHex(v.nonce), additional = fromHex(v.additional);
    EXPECT_EQ(aead.seal(nonce, fromHex(v.plain), additional).value(), fromHex(v.sealed))
        << v.source;
    EXPECT_EQ(aead.open(nonce, fromHex(v.sealed), additional).value(), fromHex(v.plain))
        << v.source;
  }
}

TEST(Aead, SeesEachChangedByteAndEachCut) {
  for (const Vector& v : vectors()) {
    const Aead aead = Aead::make(v.cipher, fromHex(v.key)).value();
    const std::string nonce = fromHex(v.nonce), additional = fromHex(v.additional);
    const std::string sealed = fromHex(v.sealed);
    for (size_t i = 0; i < sealed.size(); ++i) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(aead.open(nonce, changed, additional)) << v.source << i;
      EXPECT_FALSE(aead.open(nonce, sealed.substr(0, i), additional)) << v.source << i;
    }
    EXPECT_FALSE(aead.open(nonce, sealed, additional + "x"));
    EXPECT_FALSE(aead.open(std::string(nonce.size(), '\x55'), sealed, additional));
  }
}

TEST(Aead, RefusesKeysAndNoncesOfOtherLengths) {
  for (Cipher cipher : {Cipher::kAes128Gcm, Cipher::kAes256Gcm, Cipher::kChaCha20Poly1305,
                        Cipher::kXChaCha20Poly1305}) {
    const std::string key(Aead::keyBytes(cipher), 'k');
    EXPECT_FALSE(Aead::make(cipher, ""));
    EXPECT_FALSE(Aead::make(cipher, key + "k"));
    const Aead aead = Aead::make(cipher, key).value();
    const std::string nonce(Aead::nonceBytes(cipher), 'n');
    EXPECT_FALSE(aead.seal(nonce + "n", "a", ""));
    EXPECT_FALSE(aead.seal("", "a", ""));
    EXPECT_FALSE(aead.open("", aead.seal(nonce, "a", "").value(), ""));
  }
  EXPECT_FALSE(Aead().seal("", "a", ""));
  EXPECT_FALSE(Aead().open("", "a", ""));
  EXPECT_EQ(Aead::make(Cipher::kAes128Gcm, "secret").error().message,
            "the key has 6 bytes; the cipher needs 16");
}

TEST(Aead, WorksInPlace) {
  const Aead aead = Aead::make(Cipher::kAes128Gcm, std::string(16, 'k')).value();
  const uint8_t nonce[12] = {};
  uint8_t bytes[3 + Aead::kTagBytes] = {'a', 'b', 'c'};
  size_t length = 0;
  ASSERT_TRUE(aead.seal(bytes, length, nonce, {bytes, 3}, {}));
  EXPECT_EQ(length, sizeof bytes);
  ASSERT_TRUE(aead.open(bytes, length, nonce, bytes, {}));
  EXPECT_EQ(std::string(bytes, bytes + length), "abc");
  EXPECT_FALSE(aead.seal({bytes, 4}, length, nonce, {bytes, 3}, {})) << "no room for the tag";
}

TEST(DeriveKey, IsThatOfRfc5869) {
  // Test case 3, cut to 32 bytes.
  EXPECT_EQ(toHex(deriveKey(std::string(22, '\x0b'), "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  EXPECT_NE(deriveKey("a", "one purpose"), deriveKey("a", "another"));
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
  EXPECT_FALSE(seal("short", "a", "c").ok());
  EXPECT_FALSE(unseal("short", sealed, "c").ok());
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
}  // namespace tollgate::crypto
