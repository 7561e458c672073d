#include "source/schema/entity_schema.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tollgate::schema {
namespace {

struct Case {
  const char* kind;
  const char* body;
  const char* message;
};

TEST(EntitySchema, RefusesWithTheDocumentedTexts) {
  const Case cases[] = {
      {"services", R"({})", "schema violation (host: required field missing)"},
      {"services", R"({"host":"x","port":"80"})", "schema violation (port: expected an integer)"},
      {"services", R"({"host":"a.b:80"})", "schema violation (host: must not have a port)"},
      {"services", R"({"host":"x","foo":1,"baz":1,"port":"q"})",
       "3 schema violations (baz: unknown field; foo: unknown field; port: expected an integer)"},
      {"services", R"({"host":"x","protocol":"grpc","path":"/x"})",
       "2 schema violations (failed conditional validation given value of field 'protocol'; path: "
       "value must be null)"},
      {"services", R"({"url":null})", "schema violation (host: required field missing)"},
      {"services", R"({"url":"http://a.b:x"})", "schema violation (port: expected an integer)"},
      {"services", R"({"url":"//"})", "schema violation (host: required field missing)"},
      {"services", R"({"host":"[::1"})", "schema violation (host: invalid value: [::1)"},
      {"routes", R"({"protocols":[],"paths":["/"]})",
       "schema violation (protocols: unknown type: nil)"},
      {"routes", R"x({"paths":["~/a("]})x",
       "schema violation (paths.1: invalid regex: '/a(' (PCRE returned: pcre_compile() failed: "
       "missing ) in \"/a(\"))"},
      {"routes", R"x({"paths":["~/a(?!b)"]})x",
       "schema violation (Router Expression failed validation: invalid perl operator in "
       "'/a(?!b)'; look-around and back-references are not supported)"},
      {"services", R"({"url":"a.b"})",
       "2 schema violations (host: required field missing; path: should start with: /)"},
      {"routes", R"({})",
       "schema violation (must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when "
       "'protocols' is 'https')"},
      {"routes", R"({"paths":["/a%20b"]})",
       "schema violation (paths.1: non-normalized path, consider use '/a b' instead)"},
      {"routes", R"({"methods":["get"]})", "schema violation (methods.1: invalid value: get)"},
      {"consumers", R"({})",
       "schema violation (at least one of these fields must be non-empty: 'custom_id', "
       "'username')"},
      {"plugins", R"({"name":"nope"})",
       "schema violation (name: plugin 'nope' not enabled; add it to the 'plugins' configuration "
       "property)"},
      {"plugins", R"({"name":"acme"})",
       "schema violation (name: plugin 'acme' is one of Kong's that is not here yet)"},
      {"plugins", R"({"name":"openid-connect"})",
       "schema violation (name: plugin 'openid-connect' is one of Kong Enterprise's, which is not "
       "here)"},
  };
  for (const auto& c : cases) {
    Violations violations;
    EntitySchema::find(c.kind)->write(WriteMode::kInsert, Json::parse(c.body), nullptr, 1000,
                                      violations);
    EXPECT_EQ(violations.message(), c.message) << c.kind << " " << c.body;
  }
}

/// Each item used to be compared with all before it: as many as fit into a body took minutes.
TEST(EntitySchema, MakesALargeSetDistinctInLinearTime) {
  Json tags = Json::array();
  for (int i = 0; i < 300000; ++i) tags.push_back("t" + std::to_string(i));
  for (int i = 0; i < 300000; ++i) tags.push_back("t" + std::to_string(i));
  Violations violations;
  Json doc = EntitySchema::find("services")
                 ->write(WriteMode::kInsert, {{"host", "h"}, {"tags", std::move(tags)}}, nullptr, 1,
                         violations);
  ASSERT_TRUE(violations.empty()) << violations.message();
  ASSERT_EQ(doc["tags"].size(), 300000U);
  EXPECT_EQ(doc["tags"][0], "t0");
  EXPECT_EQ(doc["tags"][299999], "t299999");
}

TEST(EntitySchema, RefusesTextThatNotEveryStoreCanKeep) {
  const std::string nul("a\0b", 3);
  const std::pair<const char*, Json> bodies[] = {
      {"consumers", {{"username", nul}}},
      {"consumers", {{"custom_id", nul}}},
      {"consumers", {{"custom_id", "\xff"}}},
      {"consumers", {{"custom_id", "\xed\xa0\x80"}}},  // a surrogate
      {"consumers", {{"username", "x"}, {"tags", {nul}}}},
      {"services", {{"host", nul}}},
      {"services", {{"host", "h"}, {"name", nul}}},
      {"routes", {{"paths", {"/"}}, {"headers", {{"x-a", {nul}}}}}},
      {"upstreams", {{"name", "u"}, {"hash_on_cookie", nul}}},
      {"plugins", {{"name", "request-termination"}, {"config", {{"message", nul}}}}},
  };
  for (const auto& [kind, body] : bodies) {
    Violations violations;
    EntitySchema::find(kind)->write(WriteMode::kInsert, body, nullptr, 1, violations);
    EXPECT_FALSE(violations.empty()) << kind << " " << violations.message();
  }
}

TEST(EntitySchema, AcceptsTheUnusualButValid) {
  const std::pair<const char*, const char*> bodies[] = {
      {"services", R"({"host":"[::1]"})"},
      {"services", R"({"url":"//a.b"})"},
      {"routes", R"({"hosts":["*."]})"},
      {"routes", R"x({"paths":["~/(?<id>\\d+)$"]})x"},
  };
  for (const auto& [kind, body] : bodies) {
    Violations violations;
    EntitySchema::find(kind)->write(WriteMode::kInsert, Json::parse(body), nullptr, 1, violations);
    EXPECT_TRUE(violations.empty()) << kind << " " << body << ": " << violations.message();
  }
}

TEST(EntitySchema, TakesAUrlApartAndLetsItWin) {
  Violations violations;
  Json doc =
      EntitySchema::find("services")
          ->write(
              WriteMode::kInsert,
              Json::parse(
                  R"({"url":"https://user:pw@[2001:db8::1]:8443/a/b?q=1#f","host":"x","path":"/z"})"),
              nullptr, 1, violations);
  ASSERT_TRUE(violations.empty()) << violations.message();
  EXPECT_EQ(doc["protocol"], "https");
  EXPECT_EQ(doc["host"], "2001:db8::1");
  EXPECT_EQ(doc["port"], 8443);
  EXPECT_EQ(doc["path"], "/a/b");
  EXPECT_FALSE(doc.contains("url"));
}

TEST(EntitySchema, CountsALifetimeDown) {
  const auto& schema = *EntitySchema::find("keyauth_credentials");
  Violations violations;
  Json body = {{"consumer", {{"id", "00000000-0000-4000-8000-000000000001"}}}, {"ttl", 60}};
  Json doc = schema.write(WriteMode::kInsert, body, nullptr, 1000.5, violations);
  ASSERT_TRUE(violations.empty()) << violations.message();
  EXPECT_EQ(schema.print(doc, 1000.5)["ttl"], 59);
  EXPECT_EQ(schema.print(doc, 1060.25)["ttl"], 0);
  EXPECT_FALSE(schema.expired(doc, 1060.25));
  EXPECT_TRUE(schema.expired(doc, 1060.5));
  doc = schema.write(WriteMode::kUpdate, {{"ttl", 0}}, doc, 1001, violations);
  EXPECT_EQ(schema.print(doc, 9999)["ttl"], nullptr);
}

TEST(EntitySchema, FillsInTheDefaultsOfARateLimit) {
  Violations violations;
  Json doc = EntitySchema::find("plugins")->write(
      WriteMode::kInsert, Json::parse(R"({"name":"rate-limiting","config":{"minute":5}})"), nullptr,
      1000, violations);
  ASSERT_TRUE(violations.empty()) << violations.message();
  EXPECT_EQ(doc["config"]["redis"]["port"], 6379);
  EXPECT_EQ(doc["config"]["algorithm"], "token-bucket");
}

TEST(EntitySchema, KeepsAValueOnceWhateverItsNameWasAndShowsItUnderBoth) {
  const EntitySchema& plugins = *EntitySchema::find("plugins");
  auto write = [&](WriteMode mode, const char* config, const Json& stored) {
    Violations violations;
    Json body = {{"name", "rate-limiting"}, {"config", Json::parse(config)}};
    Json doc = plugins.write(mode, body, stored, 1000, violations);
    EXPECT_TRUE(violations.empty()) << violations.message();
    return doc;
  };
  Json doc = write(WriteMode::kInsert, R"({"minute":5,"redis_host":"a","redis_password":"p"})", {});
  EXPECT_EQ(doc["config"]["redis"]["password"], "p");
  EXPECT_FALSE(doc["config"].contains("redis_password")) << doc;
  EXPECT_EQ(plugins.print(doc, 1000)["config"]["redis_password"], "p");
  doc = write(WriteMode::kUpdate, R"({"redis":{"host":"b"}})", doc);
  EXPECT_EQ(plugins.print(doc, 1000)["config"]["redis_host"], "b");
  doc = write(WriteMode::kUpdate, R"({"redis_host":"c"})", doc);
  EXPECT_EQ(doc["config"]["redis"]["host"], "c");
}

TEST(EntitySchema, ASecretOfAPluginIsAFieldOfThatPluginOnly) {
  Json doc = {{"name", "rate-limiting"}, {"config", {{"redis", {{"password", "p"}}}}}};
  auto secrets = [&] {
    std::vector<std::string> out;
    for (const AtRestField& field : EntitySchema::find("plugins")->atRestFields()) {
      if (const std::string* value = field.in(doc)) out.push_back(field.field + "=" + *value);
    }
    return out;
  };
  EXPECT_EQ(secrets(), std::vector<std::string>{"config.redis.password=p"});
  doc["name"] = "of-another-version";
  EXPECT_EQ(secrets(), std::vector<std::string>{});
  doc.erase("name");
  EXPECT_EQ(secrets(), std::vector<std::string>{});
}

}  // namespace
}  // namespace tollgate::schema
