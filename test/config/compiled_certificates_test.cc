#include "source/config/compiled_certificates.h"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

using schema::Json;
using Op = store::Change::Op;

tls::KeyPair pairOf(const char* name) {
  return tls::generateSelfSigned(tls::KeyType::kEcdsaP256, name).value();
}

store::Change certificate(const std::string& id, const tls::KeyPair& pair) {
  return {Op::kReplace, "certificates", id, {{"cert", pair.certificatePem}, {"key", pair.keyPem}}};
}

store::Change sni(const std::string& id, const std::string& name, const std::string& certificate) {
  return {Op::kReplace, "snis", id, {{"name", name}, {"certificate", {{"id", certificate}}}}};
}

TEST(CompiledCertificates, NamesAndCertificatesMayComeInAnyOrder) {
  CompiledCertificates certificates;
  Problems problems;
  EXPECT_EQ(certificates.table(problems), nullptr);
  certificates.apply(sni("s", "a.test", "c"));
  EXPECT_EQ(certificates.table(problems), nullptr);
  certificates.apply(certificate("c", pairOf("a.test")));
  auto table = certificates.table(problems);
  ASSERT_NE(table, nullptr);
  EXPECT_NE(table->find("a.test"), nullptr);
  EXPECT_EQ(certificates.entities(), 2u);
  certificates.apply({Op::kDelete, "snis", "s", nullptr});
  EXPECT_EQ(certificates.table(problems), nullptr);
  EXPECT_NE(table->find("a.test"), nullptr);  // who holds the old table reads on
}

TEST(CompiledCertificates, WhatDidNotChangeIsShared) {
  CompiledCertificates certificates;
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

TEST(CompiledCertificates, WhatCannotServeIsLeftOutAndNamed) {
  CompiledCertificates certificates;
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

TEST(CompiledCertificates, ServicesAreCompiledAgainWhenWhatTheyNameChanges) {
  CompiledCertificates certificates;
  Problems problems;
  certificates.noteService("s", {{"id", "s"}, {"client_certificate", {{"id", "c"}}}});
  certificates.noteService("t", {{"id", "t"}, {"ca_certificates", {"a"}}});
  certificates.noteService("u", {{"id", "u"}, {"ca_certificates", nullptr}});
  auto using_ = [&](const char* kind, const char* id) {
    std::vector<std::string> ids;
    for (const Json& service : certificates.servicesUsing({Op::kReplace, kind, id, {}})) {
      ids.push_back(service["id"]);
    }
    return ids;
  };
  EXPECT_EQ(using_("certificates", "c"), std::vector<std::string>{"s"});
  EXPECT_EQ(using_("ca_certificates", "a"), std::vector<std::string>{"t"});
  EXPECT_TRUE(using_("certificates", "a").empty());
  certificates.noteService("s", {{"id", "s"}, {"client_certificate", nullptr}});
  EXPECT_TRUE(using_("certificates", "c").empty());
  certificates.apply({Op::kInsert, "ca_certificates", "a", {{"cert", "PEM"}}});
  ASSERT_NE(certificates.authority("a"), nullptr);
  EXPECT_EQ(*certificates.authority("a"), "PEM");
  EXPECT_EQ(certificates.authority("b"), nullptr);
}

}  // namespace
}  // namespace tollgate::config
