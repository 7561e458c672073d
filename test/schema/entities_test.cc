#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "source/crypto/certificate.h"
#include "source/schema/entity_schema.h"
#include "test/support/certificates.h"

namespace tollgate::schema {
namespace {

constexpr const char* kId = "11111111-2222-4333-8444-555555555555";

struct Written {
  Json doc;
  std::string message;  ///< "" where the body was accepted.
};

Written write(const char* kind, const Json& body, const Json& stored = nullptr) {
  Violations violations;
  const WriteMode mode = stored.is_null() ? WriteMode::kInsert : WriteMode::kUpdate;
  Json doc = EntitySchema::find(kind)->write(mode, test::withPem(body), stored, 1700000000.1234,
                                             violations);
  return {std::move(doc), violations.empty() ? "" : violations.message()};
}

TEST(Entities, RefuseWithTheDocumentedTexts) {
  struct Case {
    const char* kind;
    const char* body;
    const char* message;
  };
  const std::string reference = std::string("{\"id\":\"") + kId + "\"}";
  const Case cases[] = {
      {"upstreams", R"({"name":"a b"})",
       "schema violation (name: Invalid name ('a b'); must be a valid hostname)"},
      {"upstreams", R"({"name":"1.2.3.4"})",
       "schema violation (name: Invalid name ('1.2.3.4'); no ip addresses allowed)"},
      {"upstreams", R"({"name":"a:80"})",
       "schema violation (name: Invalid name ('a:80'); no port allowed)"},
      {"upstreams", R"({"name":"u","hash_on":"header"})",
       "2 schema violations (failed conditional validation given value of field 'hash_on'; "
       "hash_on_header: required field missing)"},
      {"upstreams", R"({"name":"u","hash_on":"consumer","hash_fallback":"consumer"})",
       "2 schema violations (failed conditional validation given value of field 'hash_on'; "
       "hash_fallback: expected one of: none, ip, header, cookie, path, query_arg, uri_capture)"},
      {"upstreams",
       R"({"name":"u","hash_on":"header","hash_on_header":"A","hash_fallback":"header",
           "hash_fallback_header":"A"})",
       "schema violation (values of these fields must be distinct: 'hash_on_header', "
       "'hash_fallback_header')"},
      {"upstreams", R"({"name":"u","hash_on_cookie":"a b"})",
       "schema violation (hash_on_cookie: invalid value: a b)"},
      {"upstreams", R"({"name":"u","healthchecks":{"active":{"type":"x"}}})",
       "schema violation (healthchecks.active: {\n  type = \"expected one of: tcp, http, https, "
       "grpc, grpcs\"\n})"},
      {"targets", R"({"target":"x:99999"})",
       "schema violation (target: Invalid target; not a valid hostname or ip address)"},
      {"targets", R"({"target":""})",
       "schema violation (target: Invalid target; not a valid hostname or ip address)"},
      {"targets", R"({"target":"123"})",
       "schema violation (target: Invalid target; not a valid hostname or ip address)"},
      {"certificates", R"({"cert":"cert RSA a","key":"key RSA b"})",
       "schema violation (certificate does not match key)"},
      {"certificates", R"({"cert":"cert RSA a"})",
       "schema violation (key: required field missing)"},
      {"certificates", R"({"cert":"x","key":"key RSA a"})",
       "schema violation (cert: invalid certificate: no certificate in PEM format "
       "found; expected a block \"CERTIFICATE\")"},
      {"certificates", R"({"cert":"cert RSA a","key":"key RSA a","cert_alt":"cert EC b"})",
       "schema violation (all or none of these fields must be set: 'cert_alt', 'key_alt')"},
      {"certificates",
       R"({"cert":"cert EC a","key":"key EC a","cert_alt":"cert RSA b","key_alt":"key RSA c"})",
       "schema violation (alternative certificate does not match key)"},
      {"certificates",
       R"({"cert":"cert EC a","key":"key EC a","cert_alt":"cert EC b","key_alt":"key EC b"})",
       "schema violation (certificate and alternative certificate need to have different type "
       "(e.g. "
       "RSA and ECDSA), the provided certificates were both of the same type)"},
      {"ca_certificates", R"({"cert":"cert EC a"})",
       "schema violation (certificate does not appear to be a CA because it is missing the \"CA\" "
       "basic constraint)"},
      {"ca_certificates", R"({"cert":"cert EC a ca expired"})",
       "schema violation (certificate expired, \"Not After\" time is in the past)"},
      {"ca_certificates", R"({"cert":"cert EC a ca\ncert EC b ca"})",
       "schema violation (please submit only one certificate at a time)"},
      {"snis", R"({"name":"*.a.*"})",
       "2 schema violations (certificate: required field missing; name: only one wildcard must be "
       "specified)"},
      {"vaults", R"({"prefix":"env","name":"env"})",
       "schema violation (prefix: must not be one of: env)"},
      {"vaults", R"({"prefix":"1a","name":"env"})", "schema violation (prefix: invalid value: 1a)"},
      {"vaults", R"({"prefix":"my-env","name":"aws"})",
       "schema violation (name: vault 'aws' is not installed)"},
      {"keys", R"({"kid":"a"})",
       "schema violation (at least one of these fields must be non-empty: 'jwk', 'pem')"},
      {"keys", R"({"kid":"a","jwk":"{}","pem":{"public_key":"public a"}})",
       "2 schema violations (only one or none of these fields must be set: 'jwk', 'pem'; jwk.kty: "
       "required field missing)"},
      {"keys", R"({"kid":"a","jwk":"{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"b\"}"})",
       "schema violation (kid in jwk.kid must be equal to keys.kid)"},
      {"keys", R"({"kid":"a","pem":{"private_key":"x"}})",
       "schema violation (could not load PEM private key)"},
      {"routes", R"({"protocols":["tcp"],"sources":[{}]})",
       "schema violation (sources.1: {\n  [\"@entity\"] = {\n    \"at least one of these fields "
       "must be "
       "non-empty: 'ip', 'port'\"\n  }\n})"},
  };
  for (const auto& c : cases) {
    Json body = Json::parse(c.body);
    if (std::string(c.kind) == "targets") body["upstream"] = Json::parse(reference);
    EXPECT_EQ(write(c.kind, body).message, c.message) << c.kind << " " << c.body;
  }
}

TEST(Entities, CredentialsHaveTheRulesOfTheirKind) {
  const Json consumer = {{"id", kId}};
  auto credential = [&](const char* kind, Json body) {
    body["consumer"] = consumer;
    return write(kind, body);
  };
  EXPECT_EQ(credential("jwt_secrets", {{"algorithm", "RS256"}}).message,
            "2 schema violations (failed conditional validation given value of field 'algorithm'; "
            "rsa_public_key: required field missing)");
  EXPECT_EQ(credential("jwt_secrets", {{"algorithm", "EdDSA"}, {"rsa_public_key", "x"}}).message,
            "2 schema violations (failed conditional validation given value of field 'algorithm'; "
            "rsa_public_key: invalid key)");
  const Json jwt = credential("jwt_secrets", Json::object()).doc;
  EXPECT_EQ(jwt["key"].get<std::string>().size(), 32u);
  EXPECT_EQ(jwt["secret"].get<std::string>().size(), 32u);
  EXPECT_EQ(jwt["algorithm"], "HS256");
  EXPECT_FALSE(jwt.contains("updated_at"));
  EXPECT_EQ(credential("basicauth_credentials", Json::object()).message,
            "2 schema violations (password: required field missing; username: required field "
            "missing)");
  EXPECT_EQ(credential("acls", Json::object()).message,
            "schema violation (group: required field missing)");
}

TEST(Entities, AlgorithmAndHashInputOfAnUpstreamDecideEachOther) {
  struct Case {
    const char* body;
    const char* algorithm;
    const char* hashOn;
  };
  const Case cases[] = {
      {R"({})", "round-robin", "none"},
      {R"({"algorithm":"consistent-hashing"})", "consistent-hashing", "none"},
      {R"({"algorithm":"consistent-hashing","hash_on":"none"})", "round-robin", "none"},
      {R"({"algorithm":"round-robin","hash_on":"ip"})", "consistent-hashing", "ip"},
      {R"({"algorithm":"least-connections","hash_on":"ip"})", "least-connections", "none"},
      {R"({"algorithm":"latency"})", "latency", "none"},
      {R"({"hash_on":null})", "round-robin", "none"},
  };
  for (const auto& c : cases) {
    Json body = Json::parse(c.body);
    body["name"] = "u";
    const Written written = write("upstreams", body);
    EXPECT_EQ(written.message, "") << c.body;
    EXPECT_EQ(written.doc["algorithm"], c.algorithm) << c.body;
    EXPECT_EQ(written.doc["hash_on"], c.hashOn) << c.body;
  }
}

TEST(Entities, HealthChecksAreFilledInAndMergedDeeply) {
  const Json stored = write("upstreams", {{"name", "u"}, {"healthchecks", {{"threshold", 5}}}}).doc;
  EXPECT_EQ(stored["healthchecks"]["threshold"], 5);
  EXPECT_EQ(stored["healthchecks"]["active"]["healthy"]["http_statuses"], Json({200, 302}));
  EXPECT_EQ(stored["healthchecks"]["active"]["https_sni"], nullptr);
  const Json change = {{"healthchecks", {{"active", {{"healthy", {{"interval", 2}}}}}}}};
  Json expected = stored;
  expected["healthchecks"]["active"]["healthy"]["interval"] = 2;
  const Written written = write("upstreams", change, stored);
  EXPECT_EQ(written.message, "");
  EXPECT_EQ(written.doc["healthchecks"], expected["healthchecks"]);
}

TEST(Entities, TargetsAreStoredWithTheirPortAndMilliseconds) {
  const std::pair<const char*, const char*> cases[] = {
      {"1.2.3.4", "1.2.3.4:8000"},
      {"host.test", "host.test:8000"},
      {"host.test:81", "host.test:81"},
      {"::1", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000"},
      {"[::1]:80", "[0000:0000:0000:0000:0000:0000:0000:0001]:80"},
  };
  for (const auto& [given, kept] : cases) {
    const Json doc = write("targets", {{"upstream", {{"id", kId}}}, {"target", given}}).doc;
    EXPECT_EQ(doc["target"], kept) << given;
    EXPECT_EQ(doc["created_at"], 1700000000.123);
    EXPECT_EQ(doc["weight"], 100);
  }
}

TEST(Entities, UniqueKeysOfWhatAnOwnerHasNameTheOwner) {
  const Json acl = write("acls", {{"consumer", {{"id", kId}}}, {"group", "g"}}).doc;
  const auto keys = EntitySchema::find("acls")->uniqueKeys(acl);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].field, "consumer+group");
  EXPECT_EQ(keys[0].fields, (Json{{"consumer", {{"id", kId}}}, {"group", "g"}}));
  EXPECT_EQ(EntitySchema::find("acls")->ownedKey(), "group");
}

TEST(Entities, TheDigestOfAnAuthorityIsComputed) {
  const Json doc =
      write("ca_certificates", {{"cert", "cert EC a ca"}, {"cert_digest", "mine"}}).doc;
  const auto chain = crypto::Certificate::chainFromPem(test::pemOf("cert EC a ca"));
  EXPECT_EQ(doc["cert_digest"], chain->front().sha256());
}

TEST(Entities, WhatAVaultHoldsIsNotLookedAt) {
  const Written written =
      write("certificates", {{"cert", "{vault://env/cert}"}, {"key", "{vault://env/key}"}});
  EXPECT_EQ(written.message, "");
  EXPECT_EQ(written.doc["cert"], "{vault://env/cert}");
}

TEST(Entities, KindsComeAfterThoseTheyReferTo) {
  std::vector<std::string> seen;
  for (const EntitySchema* schema : EntitySchema::all()) {
    for (const auto& field : schema->foreignFields()) {
      EXPECT_NE(std::find(seen.begin(), seen.end(), field.targetKind), seen.end())
          << schema->kind() << "." << field.field;
    }
    seen.push_back(schema->kind());
  }
}

}  // namespace
}  // namespace tollgate::schema
