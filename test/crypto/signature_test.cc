#include "source/crypto/private_key.h"
#include "source/crypto/public_key.h"
#include "test/crypto/bytes.h"
#include "test/crypto/keys.h"

namespace tollgate::crypto {
namespace {

using Scheme = SignatureScheme;

constexpr Scheme kAll[] = {Scheme::kRsaPkcs1Sha256,  Scheme::kRsaPkcs1Sha384,
                           Scheme::kRsaPkcs1Sha512,  Scheme::kRsaPssSha256,
                           Scheme::kRsaPssSha384,    Scheme::kRsaPssSha512,
                           Scheme::kEcdsaP256Sha256, Scheme::kEcdsaP384Sha384,
                           Scheme::kEcdsaP521Sha512, Scheme::kEd25519};

/// A published example: a key and a signature in JOSE's form, in base64url.
struct Example {
  const char* source;
  const char* alg;
  JwkMembers key;
  std::string signedText, signature;
};

constexpr const char kBilboN[] =
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_"
    "AJmSCpMa"
    "JMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-"
    "OfVfHd1E6c"
    "S6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_"
    "vniUFAKwuCLqKnS2BYwd"
    "q_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw";
const std::string kBilboText =
    ".SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250b"
    "yB0"
    "aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW"
    "91"
    "IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
const std::string kJoesClaims =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

std::vector<Example> examples() {
  return {
      {"RFC 7515 section A.2",
       "RS256",
       {"RSA", "",
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
        "4qPCJrcS2mJPMEzP1Pt0Bm4"
        "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
        "bSf63kpaSHSXndS5z5re"
        "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
        "I5IhlJH7aGhyxX"
        "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "AQAB", "", ""},
       "eyJhbGciOiJSUzI1NiJ9" + kJoesClaims,
       "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
       "O8W2Fp5"
       "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
       "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
       "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
       "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
       "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
      {"RFC 7515 section A.3",
       "ES256",
       {"EC", "P-256", "", "", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
       "eyJhbGciOiJFUzI1NiJ9" + kJoesClaims,
       "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
      {"RFC 7520 section 4.1",
       "RS256",
       {"RSA", "", kBilboN, "AQAB", "", ""},
       "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9" + kBilboText,
       "MRjdkly7_-"
       "oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xugl"
       "II7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_"
       "qHRD68BNt1uSNCrUCTJDt5aAE6x"
       "8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_"
       "de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE"
       "_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg"},
      {"RFC 7520 section 4.2",
       "PS384",
       {"RSA", "", kBilboN, "AQAB", "", ""},
       "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9" + kBilboText,
       "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-"
       "tPid6VrklHkqsGqDqHCdP6O8TT"
       "B5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-"
       "UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrY"
       "RXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_"
       "jLAeQTlqRHtf"
       "a64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"},
      {"RFC 7520 section 4.3",
       "ES512",
       {"EC", "P-521", "", "",
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"},
       "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9" + kBilboText,
       "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-"
       "JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3"
       "mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2"},
  };
}

TEST(Signature, OfTheJoseRfcsVerifies) {
  for (const Example& example : examples()) {
    const PublicKey key = PublicKey::fromJwk(example.key).value();
    const Scheme scheme = schemeOfJose(example.alg).value();
    const std::string signature = fromUrl(example.signature);
    EXPECT_TRUE(key.verify(scheme, example.signedText, signature)) << example.source;
    EXPECT_FALSE(key.verify(scheme, example.signedText + "x", signature)) << example.source;
    EXPECT_FALSE(key.verify(scheme, example.signedText, signature + "x")) << example.source;
    EXPECT_FALSE(key.verify(scheme, example.signedText, "")) << example.source;
    for (size_t i = 0; i < signature.size(); i += 7) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key.verify(scheme, example.signedText, changed)) << example.source << i;
    }
    for (Scheme other : kAll) {
      if (other == scheme) continue;
      EXPECT_FALSE(key.verify(other, example.signedText, signature)) << example.source;
    }
  }
}

TEST(Signature, Ed25519IsThatOfRfc8032) {
  // Section 7.1, tests 1 to 3; the key in PKCS#8 (RFC 8410).
  struct {
    const char *seed, *pub, *message, *signature;
  } cases[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
       "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
       "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  for (const auto& c : cases) {
    const PrivateKey key =
        PrivateKey::fromDer(fromHex("302e020100300506032b657004220420") + fromHex(c.seed)).value();
    const PublicKey pub = PublicKey::fromJwk({"OKP", "Ed25519", "", "",
                                              encodeBase64(fromHex(c.pub), Base64::kUrl), ""})
                              .value();
    EXPECT_TRUE(key.publicKey() == pub);
    EXPECT_EQ(toHex(key.sign(Scheme::kEd25519, fromHex(c.message)).value()), c.signature);
    EXPECT_TRUE(pub.verify(Scheme::kEd25519, fromHex(c.message), fromHex(c.signature)));
    EXPECT_FALSE(pub.verify(Scheme::kEd25519, "other", fromHex(c.signature)));
    EXPECT_FALSE(pub.verify(Scheme::kEd25519, fromHex(c.message), ""));
  }
}

TEST(Signature, OfOpenSslVerifies) {
  auto bytes = [](const char* text) { return decodeBase64(text, Base64::kStandard).value(); };
  const PublicKey ec = PublicKey::fromPem(kEcPublic).value();
  const std::string der = bytes(kEcDerSignature);
  EXPECT_TRUE(ec.verify(Scheme::kEcdsaP256Sha256, "a message", der, EcdsaForm::kDer));
  EXPECT_FALSE(ec.verify(Scheme::kEcdsaP256Sha256, "a message", der, EcdsaForm::kRaw));
  EXPECT_FALSE(ec.verify(Scheme::kEcdsaP256Sha256, "a message", der + "x", EcdsaForm::kDer));
  EXPECT_FALSE(ec.verify(Scheme::kEcdsaP256Sha256, "a massage", der, EcdsaForm::kDer));
  const PublicKey rsa = PublicKey::fromPem(kRsaPublic).value();
  EXPECT_TRUE(rsa.verify(Scheme::kRsaPkcs1Sha384, "a message", bytes(kRsaPkcs1Signature)));
  EXPECT_FALSE(rsa.verify(Scheme::kRsaPkcs1Sha256, "a message", bytes(kRsaPkcs1Signature)));
  EXPECT_TRUE(rsa.verify(Scheme::kRsaPssSha512, "a message", bytes(kRsaPssSignature)));
  EXPECT_FALSE(rsa.verify(Scheme::kRsaPssSha512, "a message", bytes(kRsaPssOddSaltSignature)))
      << "the salt is as long as the digest (RFC 7518 section 3.5)";
}

TEST(Signature, OfEachSchemeVerifiesUnderItsKeyAlone) {
  const PrivateKey keys[] = {PrivateKey::fromPem(kRsaPkcs8).value(),
                             PrivateKey::fromPem(kEcSec1).value(),
                             PrivateKey::fromPem(kEc384).value(),
                             PrivateKey::fromPem(kEc521).value(),
                             PrivateKey::generate(KeyType::kEd25519).value(),
                             PrivateKey::fromPem(kX25519).value()};
  for (Scheme scheme : kAll) {
    int suiting = 0;
    for (const PrivateKey& key : keys) {
      const PublicKey pub = key.publicKey();
      EXPECT_EQ(key.suits(scheme), pub.suits(scheme));
      auto signature = key.sign(scheme, "a message");
      ASSERT_EQ(signature.ok(), key.suits(scheme));
      if (!signature) {
        EXPECT_EQ(signature.error().kind, Error::Kind::kInvalid);
        continue;
      }
      ++suiting;
      for (const PrivateKey& other : keys) {
        EXPECT_EQ(other.publicKey().verify(scheme, "a message", *signature), &other == &key);
      }
      auto der = key.sign(scheme, "a message", EcdsaForm::kDer);
      EXPECT_TRUE(pub.verify(scheme, "a message", *der, EcdsaForm::kDer));
    }
    EXPECT_EQ(suiting, 1);
  }
}

TEST(Signature, RawFormOfEcdsaHasOneLength) {
  const PrivateKey key = PrivateKey::fromPem(kEc521).value();
  for (int i = 0; i < 8; ++i) {  // numbers with leading zeros come up now and then
    EXPECT_EQ(key.sign(Scheme::kEcdsaP521Sha512, std::to_string(i)).value().size(), 132u);
  }
  // CVE-2022-21449: zeros are no signature.
  EXPECT_FALSE(key.publicKey().verify(Scheme::kEcdsaP521Sha512, "", std::string(132, '\0')));
  EXPECT_FALSE(key.publicKey().verify(Scheme::kEcdsaP521Sha512, "", std::string(131, 'x')));
}

TEST(Signature, OfAShortRsaKeyIsNeitherMadeNorTaken) {
  const PrivateKey key = PrivateKey::fromPem(kRsa512).value();
  EXPECT_FALSE(key.sign(Scheme::kRsaPkcs1Sha256, "a message"));
  EXPECT_FALSE(key.publicKey().suits(Scheme::kRsaPkcs1Sha256));
}

TEST(JoseNames, AreThoseOfSignatures) {
  EXPECT_EQ(schemeOfJose("ES384"), Scheme::kEcdsaP384Sha384);
  EXPECT_EQ(schemeOfJose("EdDSA"), Scheme::kEd25519);
  for (const char* name : {"", "none", "HS256", "rs256", "RS256 ", "ES256K"}) {
    EXPECT_FALSE(schemeOfJose(name)) << name;
  }
}

}  // namespace
}  // namespace tollgate::crypto
