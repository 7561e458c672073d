#include "source/tls/certificate_table.h"

#include "source/tls/certificate_facts.h"
#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

std::shared_ptr<const ServedCertificate> served() {
  return ServedCertificate::create({ecdsa()}).value();
}

TEST(CertificateTable, ChoosesByTheDocumentedOrder) {
  CertificateTable table;
  EXPECT_EQ(table.find("a.example.com"), nullptr);
  auto exact = served(), left = served(), right = served(), any = served();
  table.add("WWW.example.com", exact);
  table.add("*.example.com", left);
  table.add("www.example.*", right);
  EXPECT_EQ(table.find("www.example.com"), exact.get());
  EXPECT_EQ(table.find("api.example.com"), left.get());
  EXPECT_EQ(table.find("www.example.org"), right.get());
  EXPECT_EQ(table.find("a.api.example.com"), nullptr);
  EXPECT_EQ(table.find("example.com"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
  table.add("*.com", left);  // a name of two labels keeps its first
  EXPECT_EQ(table.find("example.com"), nullptr);
  table.add("*", any);
  EXPECT_EQ(table.find("example.com"), any.get());
  EXPECT_EQ(table.find("localhost"), any.get());
  EXPECT_EQ(table.find(""), nullptr);
  EXPECT_EQ(table.find(std::string(300, 'a')), nullptr);
}

TEST(CertificateTable, TheFirstOwnerOfANameKeepsIt) {
  CertificateTable table;
  auto first = served();
  table.add("a.test", first);
  table.add("A.test", served());
  EXPECT_EQ(table.find("a.test"), first.get());
}

TEST(ServedCertificate, SaysWhatIsWrongWithAPair) {
  EXPECT_FALSE(ServedCertificate::create({}).ok());
  KeyPair mixed = ecdsa();
  mixed.keyPem = ecdsa().keyPem;
  auto made = ServedCertificate::create({ecdsa(), mixed});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message, "the private key does not belong to the certificate");
}

TEST(CertificateFacts, TellTypeDigestAndCount) {
  const KeyPair pair = ecdsa();
  auto facts = certificateFacts(pair.certificatePem + rsa().certificatePem);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->keyType, "EC");
  EXPECT_EQ(facts->sha256.size(), 64u);
  EXPECT_EQ(facts->certificates, 2u);
  EXPECT_FALSE(facts->authority);
  EXPECT_FALSE(facts->expired);
  EXPECT_EQ(certificateFacts(rsa().certificatePem)->keyType, "RSA");
  EXPECT_FALSE(certificateFacts("no certificate").ok());
  EXPECT_FALSE(certificateFacts(pair.keyPem).ok());
}

TEST(CertificateFacts, KeysAreCheckedForWhatTheyAreUsedFor) {
  const KeyPair pair = ecdsa();
  EXPECT_TRUE(checkPrivateKey(pair.keyPem).ok());
  EXPECT_TRUE(checkServerKey(pair.keyPem).ok());
  EXPECT_FALSE(checkPrivateKey(pair.certificatePem).ok());
  EXPECT_FALSE(checkPublicKey(pair.keyPem).ok());
  EXPECT_FALSE(checkPublicKey("").ok());
  EXPECT_TRUE(isKeyOf(pair.certificatePem, pair.keyPem));
  EXPECT_FALSE(isKeyOf(pair.certificatePem, rsa().keyPem));
  EXPECT_FALSE(isKeyOf("", pair.keyPem));
  // Ed25519 is a private key, but not one that can serve.
  const char* ed25519 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n";
  EXPECT_TRUE(checkPrivateKey(ed25519).ok());
  EXPECT_FALSE(checkServerKey(ed25519).ok());
}

}  // namespace
}  // namespace tollgate::tls::test
