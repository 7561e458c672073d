#include "source/schema/vault_reference.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "source/schema/entity_schema.h"

namespace tollgate::schema {
namespace {

TEST(VaultReference, TakesAReferenceApart) {
  auto simple = parseVaultReference("{vault://env/my-secret}");
  ASSERT_TRUE(simple.ok()) << simple.error().message;
  EXPECT_EQ(simple->vault, "env");
  EXPECT_EQ(simple->resource, "my-secret");
  EXPECT_EQ(simple->key, "");
  auto full = parseVaultReference("{vault://my-env/a/b%2Fc/member?prefix=X_&base64_decode=true#2}");
  ASSERT_TRUE(full.ok()) << full.error().message;
  EXPECT_EQ(full->vault, "my-env");
  EXPECT_EQ(full->resource, "a/b/c");
  EXPECT_EQ(full->key, "member");
  EXPECT_EQ(full->options.at("prefix"), "X_");
  EXPECT_EQ(full->version, 2U);
  auto whole = parseVaultReference("{vault://env/a/b/}");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->resource, "a/b");
  EXPECT_EQ(whole->key, "");
}

TEST(VaultReference, RefusesWhatIsNoneWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"secret", "not a reference [secret]"},
      {"{vault:///x}", "reference url is missing host [{vault:///x}]"},
      {"{vault://env}", "reference url is missing path [{vault://env}]"},
      {"{vault://env/}", "reference url has empty path [{vault://env/}]"},
      {"{vault://env/x#a}", "reference url has invalid version [{vault://env/x#a}]"},
      {"{vault://env//x}", "reference url has invalid path [{vault://env//x}]"},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(checkVaultReference(text), reason);
  EXPECT_EQ(checkVaultReference("{vault://env/x}"), "");
  EXPECT_EQ(checkVaultReference("{vault://my-env/x}"), "");
  EXPECT_NE(checkVaultReference("{vault://aws/x}").find("vault 'aws' is not installed"),
            std::string::npos);
}

TEST(VaultReference, ReadsTheEnvironment) {
  setenv("TEST_MY_SECRET", "plain", 1);
  setenv("TEST_MY_SECRET_PREVIOUS", "older", 1);
  setenv("TEST_JSON", R"({"user":"amy","n":1})", 1);
  setenv("TEST_BASE64", "cGxhaW4=", 1);
  auto read = [](const char* text, const char* prefix = "test_", bool base64 = false) {
    return readEnvironment(parseVaultReference(text).value(), prefix, base64);
  };
  EXPECT_EQ(read("{vault://env/my-secret}").value(), "plain");
  EXPECT_EQ(read("{vault://env/test-my-secret}", "").value(), "plain");
  EXPECT_EQ(read("{vault://env/my-secret#2}").value(), "older");
  EXPECT_EQ(read("{vault://env/json/user}").value(), "amy");
  EXPECT_EQ(read("{vault://env/base64}", "test_", true).value(), "plain");
  EXPECT_EQ(read("{vault://env/json/none}").error().message,
            "subfield none not found in JSON secret");
  EXPECT_EQ(read("{vault://env/json/n}").error().message,
            "unexpected number value in JSON secret for subfield n");
  const std::string noJson = read("{vault://env/my-secret/x}").error().message;
  EXPECT_EQ(noJson.find("plain"), std::string::npos);
  EXPECT_NE(read("{vault://env/none}").error().message.find("no value found"), std::string::npos);
}

TEST(VaultReference, AFieldThatDoesNotTakeReferencesRefusesThem) {
  auto errors = [](const char* kind, const Json& body) {
    Violations violations;
    EntitySchema::find(kind)->write(WriteMode::kInsert, body, nullptr, 1, violations);
    return violations.fields;
  };
  const Json credential = {{"consumer", {{"id", "00000000-0000-4000-8000-000000000001"}}},
                           {"key", "{vault://env/key}"}};
  EXPECT_TRUE(errors("keyauth_credentials", credential).contains("key"));
  const Json limit = {{"policy", "redis"},
                      {"minute", 5},
                      {"redis", {{"host", "h"}, {"password", "{vault://env/x}"}}}};
  EXPECT_EQ(errors("plugins", {{"name", "rate-limiting"}, {"config", limit}}), Json::object());
  Json elsewhere = limit;
  elsewhere["redis"]["password"] = "{vault://aws/x}";
  EXPECT_TRUE(
      errors("plugins", {{"name", "rate-limiting"}, {"config", elsewhere}}).contains("config"));
}

}  // namespace
}  // namespace tollgate::schema
