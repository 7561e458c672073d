#include "source/tls/certificate_table.h"

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

}  // namespace
}  // namespace tollgate::tls::test
