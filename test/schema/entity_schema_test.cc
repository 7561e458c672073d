#include "source/schema/entity_schema.h"

#include <gtest/gtest.h>

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
  };
  for (const auto& c : cases) {
    Violations violations;
    EntitySchema::find(c.kind)->write(WriteMode::kInsert, Json::parse(c.body), nullptr, 1000,
                                      violations);
    EXPECT_EQ(violations.message(), c.message) << c.kind << " " << c.body;
  }
}

TEST(EntitySchema, FillsInTheDefaultsOfARateLimit) {
  Violations violations;
  Json doc = EntitySchema::find("plugins")->write(
      WriteMode::kInsert, Json::parse(R"({"name":"rate-limiting","config":{"minute":5}})"), nullptr,
      1000, violations);
  ASSERT_TRUE(violations.empty()) << violations.message();
  EXPECT_EQ(doc["config"]["redis"]["port"], 6379);
  EXPECT_EQ(doc["config"]["redis_port"], 6379);
  EXPECT_EQ(doc["config"]["algorithm"], "token-bucket");
}

}  // namespace
}  // namespace tollgate::schema
