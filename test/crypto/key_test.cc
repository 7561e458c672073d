#include "source/crypto/private_key.h"
#include "source/crypto/public_key.h"

#include "test/crypto/bytes.h"
#include "test/crypto/keys.h"

namespace tollgate::crypto {
namespace {

std::string derOf(const char* pem) {
  std::string text = pem, out;
  text = text.substr(text.find('\n') + 1);
  for (char c : text.substr(0, text.find('-'))) {
    if (c != '\n') out += c;
  }
  return decodeBase64(out, Base64::kStandard).value();
}

TEST(PrivateKey, ReadsPkcs8Pkcs1AndSec1InPemAndDer) {
  struct {
    const char *pem, *publicPem;
    KeyType type;
    int bits;
  } cases[] = {{kRsaPkcs8, kRsaPublic, KeyType::kRsa, 2048},
               {kRsaPkcs1, kRsaPublicPkcs1, KeyType::kRsa, 2048},
               {kEcSec1, kEcPublic, KeyType::kEcP256, 256},
               {kEcPkcs8, kEcPublic, KeyType::kEcP256, 256}};
  for (const auto& c : cases) {
    const PrivateKey key = PrivateKey::fromPem(c.pem).value();
    EXPECT_EQ(key.type(), c.type) << c.pem;
    EXPECT_EQ(key.bits(), c.bits);
    const PublicKey pub = PublicKey::fromPem(c.publicPem).value();
    EXPECT_TRUE(key.publicKey() == pub) << c.pem;
    EXPECT_TRUE(PrivateKey::fromDer(derOf(c.pem)).value().publicKey() == pub) << c.pem;
    EXPECT_FALSE(PrivateKey::fromDer(derOf(c.pem) + "x"));
    EXPECT_TRUE(PublicKey::fromDer(pub.der()).value() == pub);
    EXPECT_FALSE(PublicKey::fromDer(pub.der() + "x"));
    const Secret pem = key.pem().value();
    EXPECT_TRUE(PrivateKey::fromPem(pem.view()).value().publicKey() == pub);
  }
}

TEST(PrivateKey, KnowsItsType) {
  EXPECT_EQ(PrivateKey::fromPem(kEc384).value().type(), KeyType::kEcP384);
  EXPECT_EQ(PrivateKey::fromPem(kEc521).value().type(), KeyType::kEcP521);
  EXPECT_EQ(PrivateKey::fromPem(kX25519).value().type(), KeyType::kOther);
  EXPECT_EQ(PrivateKey::fromPem(kSecp224r1).value().type(), KeyType::kOther);
  EXPECT_EQ(PublicKey::fromPem(kX25519Public).value().type(), KeyType::kOther);
}

TEST(PrivateKey, SaysWhyItCannotBeReadAndNothingOfWhatIsThere) {
  EXPECT_EQ(PrivateKey::fromPem(kEcEncrypted).error().message,
            "the private key is encrypted; store it without a passphrase (openssl pkey -in "
            "key.pem)");
  const std::string none = "no private key in PEM format found; expected a block \"PRIVATE KEY\"";
  for (std::string text : {std::string(), std::string("secret"), std::string(kRsaPublic),
                           std::string(kSecp256k1), std::string(kEcPkcs8).substr(0, 150)}) {
    EXPECT_EQ(PrivateKey::fromPem(text).error().message, none) << text;
  }
  EXPECT_FALSE(PrivateKey::fromPem(std::string(1024 * 1024 + 1, 'x')));
  EXPECT_FALSE(PrivateKey::fromDer(""));
  EXPECT_FALSE(PrivateKey::fromDer("secret"));
  EXPECT_FALSE(PublicKey::fromPem(kRsaPkcs8));
  EXPECT_FALSE(PublicKey::fromPem(""));
  EXPECT_FALSE(PublicKey::fromDer(""));
}

// RFC 7517 section A.1: an EC and an RSA public key.
constexpr const char kN[] =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWK"
    "RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
    "FDW2QvzqY368QQMic"
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3"
    "XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
constexpr const char kX[] = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
constexpr const char kY[] = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

TEST(Jwk, OfRfc7517IsRead) {
  const PublicKey rsa = PublicKey::fromJwk({"RSA", "", kN, "AQAB", "", ""}).value();
  EXPECT_EQ(rsa.type(), KeyType::kRsa);
  EXPECT_EQ(rsa.bits(), 2048);
  const PublicKey ec = PublicKey::fromJwk({"EC", "P-256", "", "", kX, kY}).value();
  EXPECT_EQ(ec.type(), KeyType::kEcP256);
  // The zeros that some write before the modulus mean nothing.
  const std::string padded = encodeBase64(std::string(1, '\0') + fromUrl(kN), Base64::kUrl);
  EXPECT_TRUE(PublicKey::fromJwk({"RSA", "", padded, "AQAB", "", ""}).value() == rsa);
}

TEST(Jwk, ErrorsNameTheMember) {
  struct {
    JwkMembers members;
    const char* text;
  } cases[] = {
      {{"", "", "", "", "", ""},
       "kty: is no type of public key that is supported; use RSA, EC or OKP"},
      {{"oct", "", "", "", "", ""},
       "kty: is no type of public key that is supported; use RSA, EC or OKP"},
      {{"RSA", "", "", "AQAB", "", ""}, "n: is missing"},
      {{"RSA", "", kN, "", "", ""}, "e: is missing"},
      {{"RSA", "", "a+b=", "AQAB", "", ""}, "n: is no base64url"},
      {{"RSA", "", kN, "AQ AB", "", ""}, "e: is no base64url"},
      {{"EC", "P-255", "", "", kX, kY},
       "crv: is no curve that is supported; use P-256, P-384 or P-521"},
      {{"EC", "P-256", "", "", kX, ""}, "y: is missing"},
      {{"EC", "P-256", "", "", kX, kX}, "the point is not on the curve"},
      {{"EC", "P-384", "", "", kX, kY},
       "a coordinate has another length than the curve's 48 bytes"},
      {{"OKP", "X25519", "", "", kX, ""}, "crv: is no curve that is supported; use Ed25519"},
      {{"OKP", "Ed25519", "", "", "AAAA", ""}, "an Ed25519 key has 32 bytes"},
  };
  for (const auto& c : cases) EXPECT_EQ(PublicKey::fromJwk(c.members).error().text(), c.text);
}

TEST(Jwk, RefusesRsaKeysThatCannotVerify) {
  auto rsa = [](const std::string& n, const std::string& e) {
    return PublicKey::fromRsaNumbers(n, e).ok();
  };
  const std::string n = fromUrl(kN), e = "\x01" + std::string(1, '\0') + "\x01";
  EXPECT_TRUE(rsa(n, e));
  EXPECT_FALSE(rsa("", e));
  EXPECT_FALSE(rsa(n, ""));
  EXPECT_FALSE(rsa(n, std::string(3, '\0')));
  EXPECT_FALSE(rsa(n, "\x01"));                     // 1
  EXPECT_FALSE(rsa(n, "\x02"));                     // even
  EXPECT_FALSE(rsa(n, std::string(9, '\x01')));     // too long
  EXPECT_FALSE(rsa(std::string(2048, '\xff'), e));  // too long
  EXPECT_FALSE(rsa(n.substr(0, 64), e));            // 512 bits
  EXPECT_FALSE(rsa(std::string(256, '\xfe'), e));   // even
  EXPECT_TRUE(rsa(std::string(128, '\xff'), e));    // 1024 bits, odd
}

TEST(PrivateKey, IsMadeAnew) {
  for (KeyType type :
       {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519, KeyType::kRsa}) {
    const PrivateKey one = PrivateKey::generate(type).value();
    EXPECT_EQ(one.type(), type);
    EXPECT_EQ(one.publicKey().type(), type);
    if (type != KeyType::kRsa) {  // which would take a while
      EXPECT_FALSE(PrivateKey::generate(type).value().publicKey() == one.publicKey());
    }
  }
  EXPECT_FALSE(PrivateKey::generate(KeyType::kOther));
}

}  // namespace
}  // namespace tollgate::crypto
