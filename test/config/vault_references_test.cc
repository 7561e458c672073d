#include "source/config/vault_references.h"

#include <cstdlib>

#include "test/config/support.h"

namespace tollgate::config {
namespace {

Json plugin(const std::string& password) {
  return {{"id", "p"},
          {"name", "rate-limiting"},
          {"config", {{"tag", "t"}, {"redis", {{"password", password}}}}}};
}

Change putPlugin(const std::string& password) {
  return {Change::Op::kReplace, "plugins", "p", plugin(password)};
}

Change putVault(const std::string& prefix, const std::string& variables) {
  return {Change::Op::kReplace,
          "vaults",
          "v",
          {{"id", "v"}, {"prefix", prefix}, {"name", "env"}, {"config", {{"prefix", variables}}}}};
}

std::string passwordOf(const Json& doc) {
  return doc["config"]["redis"]["password"].get<std::string>();
}

TEST(VaultReferences, WhatHasNoReferenceStaysAsItIs) {
  Problems problems;
  VaultReferences references(problems, "");
  EXPECT_EQ(references.resolve(putPlugin("plain")), std::nullopt);
  EXPECT_EQ(references.resolve({Change::Op::kReplace, "services", "s", {{"host", "h"}}}),
            std::nullopt);
  EXPECT_TRUE(problems.all().empty());
}

TEST(VaultReferences, ReadsTheEnvironmentAndLeavesEmptyWhatIsNotThere) {
  setenv("TEST_PASSWORD", "hunter2", 1);
  Problems problems;
  VaultReferences references(problems, "");
  EXPECT_EQ(passwordOf(references.resolve(putPlugin("{vault://env/test-password}")).value()),
            "hunter2");
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(passwordOf(references.resolve(putPlugin("{vault://env/test-none}")).value()), "");
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_NE(problems.all()[0].text().find("no value found"), std::string::npos);
  EXPECT_EQ(references.resolve({Change::Op::kDelete, "plugins", "p", nullptr}), std::nullopt);
  EXPECT_TRUE(problems.all().empty());
}

TEST(VaultReferences, AVaultMayComeLaterAndChange) {
  setenv("A_PASSWORD", "first", 1);
  setenv("B_PASSWORD", "second", 1);
  Problems problems;
  VaultReferences references(problems, "");
  EXPECT_EQ(passwordOf(references.resolve(putPlugin("{vault://mine/password}")).value()), "");
  EXPECT_NE(problems.all().at(0).text().find("could not find vault (mine)"), std::string::npos);
  auto again = references.applyVault(putVault("mine", "a_"));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].doc, plugin("{vault://mine/password}"));
  EXPECT_EQ(passwordOf(references.resolve(again[0]).value()), "first");
  EXPECT_TRUE(problems.all().empty());
  again = references.applyVault(putVault("mine", "b_"));
  EXPECT_EQ(passwordOf(references.resolve(again[0]).value()), "second");
  EXPECT_EQ(passwordOf(references.resolve(putPlugin("{vault://mine/password?prefix=a_}")).value()),
            "first");
  again = references.applyVault({Change::Op::kDelete, "vaults", "v", nullptr});
  EXPECT_EQ(passwordOf(references.resolve(again.at(0)).value()), "");
}

TEST(VaultReferences, FiltersAreMadeFromSecretsAndMadeAnewWithTheVault) {
  registerFilters();
  setenv("C_PASSWORD", "third", 1);
  auto seen = [] {
    return lastConfig.fields().at("redis").struct_value().fields().at("password").string_value();
  };
  SnapshotCompiler compiler;
  compiler.apply(putPlugin("{vault://mine/password}"));
  auto first = compiler.compile(1);
  EXPECT_EQ(seen(), "");
  EXPECT_EQ(compiler.problems().size(), 1U);
  compiler.apply(putVault("mine", "c_"));
  auto second = compiler.compile(2);
  EXPECT_EQ(seen(), "third");
  EXPECT_TRUE(compiler.problems().empty());
}

}  // namespace
}  // namespace tollgate::config
