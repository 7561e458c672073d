#include "source/config/served_certificates.h"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

using Op = store::Change::Op;

tls::KeyPair pairOf(const char* name) {
  return tls::generateSelfSigned(crypto::KeyType::kEcP256, name).value();
}

store::Change certificate(const std::string& id, const tls::KeyPair& pair) {
  return {Op::kReplace, "certificates", id, {{"cert", pair.certificatePem}, {"key", pair.keyPem}}};
}

store::Change sni(const std::string& id, const std::string& name, const std::string& certificate) {
  return {Op::kReplace, "snis", id, {{"name", name}, {"certificate", {{"id", certificate}}}}};
}

TEST(ServedCertificates, NamesAndCertificatesMayComeInAnyOrder) {
  ServedCertificates certificates;
  Problems problems;
  EXPECT_EQ(certificates.table(problems), nullptr);
  certificates.apply(sni("s", "a.test", "c"));
  EXPECT_EQ(certificates.table(problems), nullptr);
  certificates.apply(certificate("c", pairOf("a.test")));
  auto table = certificates.table(problems);
  ASSERT_NE(table, nullptr);
  EXPECT_NE(table->find("a.test"), nullptr);
  certificates.apply({Op::kDelete, "snis", "s", nullptr});
  EXPECT_EQ(certificates.table(problems), nullptr);
  EXPECT_NE(table->find("a.test"), nullptr);  // who holds the old table reads on
}

TEST(ServedCertificates, WhatDidNotChangeIsShared) {
  ServedCertificates certificates;
  Problems problems;
  certificates.apply(certificate("c", pairOf("a.test")));
  certificates.apply(certificate("d", pairOf("b.test")));
  certificates.apply(sni("s", "a.test", "c"));
  certificates.apply(sni("t", "b.test", "d"));
  auto first = certificates.table(problems);
  EXPECT_EQ(certificates.table(problems), first);
  certificates.apply(certificate("d", pairOf("b.test")));
  auto second = certificates.table(problems);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->find("a.test"), first->find("a.test"));
  EXPECT_NE(second->find("b.test"), first->find("b.test"));
}

TEST(ServedCertificates, WhatCannotServeIsLeftOutAndNamed) {
  ServedCertificates certificates;
  Problems problems;
  certificates.apply(certificate("c", {"{vault://env/cert}", "{vault://env/key}"}));
  certificates.apply(certificate("d", pairOf("b.test")));
  certificates.apply(sni("s", "a.test", "c"));
  certificates.apply(sni("t", "b.test", "d"));
  auto table = certificates.table(problems);
  EXPECT_EQ(table->find("a.test"), nullptr);
  EXPECT_NE(table->find("b.test"), nullptr);
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_EQ(problems.all()[0].place, "certificate c");
  certificates.apply(certificate("c", pairOf("a.test")));
  EXPECT_NE(certificates.table(problems)->find("a.test"), nullptr);
  EXPECT_TRUE(problems.all().empty());
}

}  // namespace
}  // namespace tollgate::config
