#include "source/crypto/certificate.h"

#include "source/crypto/self_signed.h"
#include "test/crypto/keys.h"
#include "test/support/certificates.h"

namespace tollgate::crypto {
namespace {

using test::pemOf;

Certificate first(const std::string& pem) { return Certificate::chainFromPem(pem).value().front(); }

TEST(CertificateFacts, TellTypeDigestAndCount) {
  const std::string ec = pemOf("cert EC a"), rsa = pemOf("cert RSA a");
  auto facts = certificateFacts(ec + rsa);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->keyType, "EC");
  EXPECT_EQ(facts->sha256, first(ec).sha256());
  EXPECT_EQ(facts->sha256.size(), 64u);
  EXPECT_EQ(facts->certificates, 2u);
  EXPECT_FALSE(facts->authority);
  EXPECT_FALSE(facts->expired);
  EXPECT_EQ(certificateFacts(rsa)->keyType, "RSA");
  EXPECT_TRUE(certificateFacts(pemOf("cert EC a ca"))->authority);
  EXPECT_TRUE(certificateFacts(pemOf("cert EC a expired"))->expired);
  EXPECT_FALSE(certificateFacts("no certificate").ok());
  EXPECT_FALSE(certificateFacts(pemOf("key EC a")).ok());
}

TEST(Certificate, BelongsToItsKey) {
  EXPECT_TRUE(isKeyOf(pemOf("cert EC a"), pemOf("key EC a")));
  EXPECT_FALSE(isKeyOf(pemOf("cert EC a"), pemOf("key EC b")));
  EXPECT_FALSE(isKeyOf(pemOf("cert EC a"), pemOf("key RSA a")));
  EXPECT_FALSE(isKeyOf("", pemOf("key EC a")));
  EXPECT_FALSE(isKeyOf(pemOf("cert EC a"), ""));
  const PrivateKey key = PrivateKey::fromPem(pemOf("key EC a")).value();
  EXPECT_TRUE(first(pemOf("cert EC a")).publicKey().value() == key.publicKey());
}

TEST(Certificate, ErrorsSayWhatIsWrong) {
  auto message = [](const std::string& pem) {
    return Certificate::chainFromPem(pem).error().message;
  };
  const std::string good = pemOf("cert EC a");
  const std::string none = "no certificate in PEM format found; expected a block \"CERTIFICATE\"";
  EXPECT_EQ(message(""), none);
  EXPECT_EQ(message(pemOf("key EC a")), none);
  EXPECT_EQ(message(good + good.substr(0, good.size() / 2)),
            "certificate 2 of the chain is damaged PEM");
  EXPECT_EQ(message(good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate 2 of the chain is malformed");
  EXPECT_EQ(message(std::string(1024 * 1024 + 1, 'x')), "the certificates are longer than 1 MiB");
  EXPECT_FALSE(Certificate::fromDer(""));
  EXPECT_FALSE(Certificate::fromDer(first(good).der() + "x"));
  EXPECT_EQ(Certificate::fromDer(first(good).der()).value().der(), first(good).der());
}

TEST(Certificate, SaysWhomItIsMadeOutTo) {
  const CertificateNames names = first(pemOf("cert EC gate.test")).names();
  EXPECT_EQ(names.subject, "CN=gate.test,O=Tollgate");
  EXPECT_EQ(names.commonName, "gate.test");
  EXPECT_EQ(names.dnsNames, std::vector<std::string>{"gate.test"});
  EXPECT_TRUE(names.uris.empty());
  EXPECT_TRUE(names.emails.empty());
}

TEST(ServerKey, IsOneThatClientsTake) {
  auto serves = [](const std::string& pem) {
    return checkServerKey(PrivateKey::fromPem(pem).value());
  };
  EXPECT_TRUE(serves(kRsaPkcs8));
  EXPECT_TRUE(serves(kEcSec1));
  EXPECT_TRUE(serves(kEc384));
  EXPECT_EQ(serves(kRsa512).error().message,
            "the RSA key has 512 bits; use 2048 to 8192, or an ECDSA key");
  EXPECT_EQ(serves(kEc521).error().message,
            "the curve of the key is not supported; use P-256 or P-384");
  EXPECT_EQ(serves(kSecp224r1).error().message,
            "the curve of the key is not supported; use P-256 or P-384");
  EXPECT_EQ(serves(kX25519).error().message,
            "the type of the key is not supported; use RSA or ECDSA (P-256, P-384)");
}

TEST(SelfSigned, TakesNamesAndAddressesOnly) {
  const PrivateKey key = PrivateKey::generate(KeyType::kEd25519).value();
  auto made = [&](const std::string& name) {
    SelfSignedTerms terms;
    terms.commonName = name;
    return makeSelfSigned(key, terms);
  };
  EXPECT_EQ(certificateFacts(made("127.0.0.1").value())->keyType, "Ed25519");
  EXPECT_TRUE(first(made("::1").value()).names().dnsNames.empty()) << "it is an address";
  EXPECT_FALSE(made(""));
  EXPECT_FALSE(made("a,DNS:b"));
  EXPECT_FALSE(made(std::string(65, 'a')));
}

}  // namespace
}  // namespace tollgate::crypto
