#include "source/store/file/declarative_file.h"

#include <gtest/gtest.h>

#include <map>

#include "source/store/file/stable_id.h"

namespace tollgate::store {
namespace {

struct Read {
  std::map<std::string, std::vector<Declared>> kinds;
  FileErrors errors;
  Status status;
  Json doc(const std::string& kind, size_t index = 0) { return kinds[kind].at(index).doc; }
};

Read read(const std::string& text, DeclarativeOptions options = {}) {
  if (options.now == 0) options.now = 1700000000;
  DeclarativeFile file(TextSource::text("config", text), std::move(options));
  Read out;
  out.status = file.read([&](Declared entity) {
    out.kinds[entity.schema->kind()].push_back(std::move(entity));
    return Status();
  });
  out.errors = file.errors();
  return out;
}

std::string message(const Read& read) { return FileErrors::text(read.errors.fields()); }

constexpr const char* kShop = R"(_format_version: "3.0"
services:
- name: posts
  url: http://127.0.0.1:9001/posts
  tags: [t1]
  routes:
  - name: posts
    paths: [/posts]
    plugins:
    - name: key-auth
  plugins:
  - name: rate-limiting
    config: {minute: 5, policy: local}
consumers:
- username: bob
  keyauth_credentials:
  - key: bobkey
plugins:
- name: key-auth
  consumer: ~
  service: posts
)";

TEST(DeclarativeFile, ReadsNestedEntitiesWithTheirReferences) {
  Read shop = read(kShop);
  ASSERT_TRUE(shop.errors.empty()) << message(shop);
  EXPECT_EQ(shop.doc("services")["host"], "127.0.0.1");
  EXPECT_EQ(shop.doc("services")["path"], "/posts");
  EXPECT_EQ(shop.doc("services")["created_at"], 1700000000);
  std::string service = shop.doc("services")["id"];
  std::string route = shop.doc("routes")["id"];
  EXPECT_EQ(shop.doc("routes")["service"]["id"], service);
  ASSERT_EQ(shop.kinds["plugins"].size(), 3u);
  EXPECT_EQ(shop.doc("plugins", 0)["route"]["id"], route);
  EXPECT_EQ(shop.doc("plugins", 1)["service"]["id"], service);
  EXPECT_EQ(shop.doc("plugins", 2)["service"]["id"], service);
  EXPECT_EQ(shop.doc("keyauth_credentials")["consumer"]["id"], shop.doc("consumers")["id"]);
}

TEST(DeclarativeFile, MakesTheIdsThatOtherToolsMakeOfNames) {
  EXPECT_EQ(stableId("consumers", "amy"), "4408f11d-5a31-5cfc-be9a-f00a673be08b");
  EXPECT_EQ(stableId("services", "j"), "f09954ba-4f04-5f8e-b074-560f3522be32");
  EXPECT_EQ(read(kShop).doc("consumers")["id"], "def4f7d3-9863-5ad2-8fa9-c949bf26f55e");
}

TEST(DeclarativeFile, GivesTheSameIdsOnEveryReading) {
  Read first = read(kShop), second = read(kShop);
  for (const auto& [kind, entities] : first.kinds) {
    for (size_t i = 0; i < entities.size(); ++i) {
      EXPECT_EQ(entities[i].id, second.kinds[kind].at(i).id) << kind;
    }
  }
}

TEST(DeclarativeFile, DoesNotMakeIdsOfSecrets) {
  const char* text =
      "_format_version: '3.0'\nconsumers:\n- username: a\n  keyauth_credentials:\n"
      "  - key: %s\n";
  Read one = read(std::string(text).replace(std::string(text).find("%s"), 2, "one"));
  Read two = read(std::string(text).replace(std::string(text).find("%s"), 2, "two"));
  EXPECT_EQ(one.doc("keyauth_credentials")["id"], two.doc("keyauth_credentials")["id"]);
}

TEST(DeclarativeFile, ReadsJsonAsYaml) {
  Read json = read(R"({"_format_version": "3.0", "services": [{"name": "j", "host": "h",
    "routes": [{"paths": ["/a"]}]}]})");
  ASSERT_TRUE(json.errors.empty()) << message(json);
  EXPECT_EQ(json.doc("services")["id"], stableId("services", "j"));
  EXPECT_EQ(json.doc("routes")["paths"], Json::array({"/a"}));
  Read flow = read("{_format_version: '3.0', services: [{name: j, host: h}]}");
  ASSERT_TRUE(flow.errors.empty()) << message(flow);
  EXPECT_EQ(flow.doc("services")["name"], "j");
}

TEST(DeclarativeFile, KeepsGivenIdsAndTimes) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- id: 00000000-0000-4000-8000-00000000000A\n"
      "  host: h\n  created_at: 5\n  updated_at: 6\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.doc("services")["id"], "00000000-0000-4000-8000-00000000000a");
  EXPECT_EQ(file.doc("services")["created_at"], 5);
  EXPECT_EQ(file.doc("services")["updated_at"], 6);
  Read wrong = read("_format_version: '3.0'\nservices:\n- host: h\n  updated_at: soon\n");
  EXPECT_EQ(message(wrong), R"({services={{updated_at="expected an integer"}}})");
}

TEST(DeclarativeFile, ResolvesReferencesAheadByNameAndId) {
  Read file = read(
      "_format_version: '3.0'\nroutes:\n- paths: [/a]\n  service: s\n- paths: [/b]\n"
      "  service: {id: 00000000-0000-4000-8000-000000000009}\n- paths: [/c]\n"
      "  service: 00000000-0000-4000-8000-000000000009\nservices:\n- name: s\n"
      "  host: h\n  id: 00000000-0000-4000-8000-000000000009\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(file.doc("routes", i)["service"]["id"], "00000000-0000-4000-8000-000000000009");
  }
}

TEST(DeclarativeFile, ConvertsRegularExpressionsOfOldVersions) {
  Read old = read("_format_version: '2.1'\nroutes:\n- paths: [\"/a/\\\\d+\", /plain]\n");
  ASSERT_TRUE(old.errors.empty()) << message(old);
  EXPECT_EQ(old.doc("routes")["paths"], Json::parse(R"(["~/a/\\d+", "/plain"])"));
}

struct Case {
  const char* text;
  const char* fields;
};

TEST(DeclarativeFile, SaysWhatIsWrongInTheShapeOfTheAdminApi) {
  const Case cases[] = {
      {"services: []", R"({_format_version="required field missing"})"},
      {"[]", R"({_format_version="required field missing"})"},
      {"null", R"({_format_version="required field missing"})"},
      {"3", R"({error="failed parsing declarative configuration: expected an object"})"},
      {"", R"({error="failed parsing declarative configuration: expected an object"})"},
      {"_format_version: '9.9'", R"({_format_version="expected one of: 1.1, 2.1, 3.0"})"},
      {"_format_version: 3.0", R"({_format_version="expected a string"})"},
      {"_format_version: '3.0'\nfoo: 1", R"({foo="unknown field"})"},
      {"_format_version: '3.0'\nfoo: [{a: 1}]", R"({foo="unknown field"})"},
      {"_format_version: '3.0'\nservices: x", R"({services="expected an array"})"},
      {"_format_version: '3.0'\nservices: [x]", R"({services={"expected a record"}})"},
      {"_format_version: '3.0'\nservices:\n- name: x",
       R"({services={{host="required field missing"}}})"},
      {"_format_version: '3.0'\nservices:\n- host: x\n  flavour: sweet",
       R"({services={{flavour="unknown field"}}})"},
      {"_format_version: '3.0'\nservices:\n- name: x\n  host: a\n- name: x\n  host: b",
       R"({services={[2]="uniqueness violation: 'services' entity with name set to 'x' already )"
       R"(declared"}})"},
      {"_format_version: '3.0'\nplugins:\n- name: key-auth\n- name: key-auth",
       R"({plugins={[2]="uniqueness violation: 'plugins' entity with primary key set to )"},
      {"_format_version: '3.0'\nservices:\n- name: x\n  host: a\n  routes:\n  - paths: [x]",
       R"x({services={{routes={{paths={"should start with: / (fixed path) or ~/ (regex path)"}}}}}})x"},
      {"_format_version: '3.0'\nroutes:\n- name: r\n  paths: [/x]\n  service: nope",
       R"x({routes={r={"invalid reference 'service: nope' (no such entry in 'services')"}}})x"},
      {"_format_version: '3.0'\nservices:\n- host: a\n  routes:\n  - paths: [/x]\n    service: a",
       R"({services={{routes={{service="value must be null"}}}}})"},
      {"_format_version: '3.0'\nconsumers:\n- {}",
       R"({consumers={{["@entity"]={"at least one of these fields must be non-empty: 'custom_id', )"
       R"('username'"}}}})"},
      {"_format_version: '3.0'\nroutes:\n- paths: [/x]\n  service: {name: x}",
       R"({routes={{service={name="unknown field"}}}})"},
  };
  for (const Case& one : cases) {
    std::string text = message(read(one.text));
    EXPECT_TRUE(text.starts_with(one.fields)) << one.text << "\n" << text;
  }
}

TEST(DeclarativeFile, FindsAllErrorsWithTheirPlaces) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- name: x\n- host: a\n  port: 99999\n"
      "  routes:\n  - paths:\n    - /fine\n    - x\n  - service: b\n    paths: [/y]\nwhat: 1\n");
  std::vector<std::string> lines = file.errors.lines("f.yaml");
  std::sort(lines.begin(), lines.end());
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "f.yaml:10:14: services[2].routes[2].service: value must be null");
  EXPECT_EQ(lines[1], "f.yaml:12:7: what: unknown field");
  EXPECT_EQ(lines[2], "f.yaml:3:1: services[1].host: required field missing");
  EXPECT_EQ(lines[3], "f.yaml:5:9: services[2].port: value should be between 0 and 65535");
  EXPECT_EQ(lines[4],
            "f.yaml:9:7: services[2].routes[1].paths[2]: should start with: / (fixed "
            "path) or ~/ (regex path)");
}

TEST(DeclarativeFile, TellsEntitiesErrorsOneByOneWhereAsked) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- name: x\n  host: a\n  tags: [t]\n  routes:"
      "\n  - paths: [x]\n    name: r\nbad: 1\n");
  EXPECT_EQ(file.errors.fieldsWithoutEntities(), Json({{"bad", "unknown field"}}));
  Json told = file.errors.flattened();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["entity_type"], "route");
  EXPECT_EQ(told[0]["entity_name"], "r");
  EXPECT_EQ(told[0]["entity"], Json::parse(R"({"paths":["x"],"name":"r"})"));
  EXPECT_EQ(told[0]["errors"][0]["field"], "paths.1");
  EXPECT_EQ(told[0]["errors"][0]["type"], "field");
  EXPECT_EQ(read(kShop).errors.flattened(), Json::object());
}

TEST(DeclarativeFile, NeverShowsASecretThatIsThereTwice) {
  Read file = read(
      "_format_version: '3.0'\nconsumers:\n- username: a\n  keyauth_credentials:\n"
      "  - key: hushhush\n  - key: hushhush\n");
  ASSERT_EQ(file.errors.total(), 1u);
  EXPECT_EQ(file.errors.lines("f")[0].find("hushhush"), std::string::npos);
}

TEST(DeclarativeFile, RefusesWhatNeedsADatabaseWhereThereIsNone) {
  const char* text =
      "_format_version: '3.0'\nplugins:\n- name: rate-limiting\n"
      "  config: {minute: 5, policy: cluster}\n";
  EXPECT_TRUE(read(text).errors.empty());
  DeclarativeOptions options;
  options.withoutDatabase = true;
  EXPECT_EQ(message(read(text, options)),
            R"({plugins={{config={policy="expected one of: local, redis"}}}})");
}

TEST(DeclarativeFile, ExpandsAnchorsWithinLimits) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- &base\n  name: a\n  host: h\n  tags: &t [x, y]\n"
      "- <<: *base\n  name: b\n- name: c\n  host: h\n  tags: *t\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.doc("services", 1)["host"], "h");
  EXPECT_EQ(file.doc("services", 1)["name"], "b");
  EXPECT_EQ(file.doc("services", 2)["tags"], Json::parse(R"(["x","y"])"));
  std::string bomb =
      "_format_version: '3.0'\nservices:\n- a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    bomb += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 9; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  Read refused = read(bomb);
  ASSERT_TRUE(refused.errors.syntax());
  EXPECT_NE(message(refused).find("too many values"), std::string::npos) << message(refused);
}

TEST(DeclarativeFile, RefusesDeepAndDoubledMembers) {
  std::string deep = "_format_version: '3.0'\nservices: ";
  for (int i = 0; i < 200; ++i) deep += "[";
  EXPECT_TRUE(read(deep).errors.syntax());
  std::string json = R"({"_format_version": "3.0", "services": )" + std::string(5000, '[');
  EXPECT_TRUE(read(json).errors.syntax());
  EXPECT_NE(
      message(read("_format_version: '3.0'\nservices: []\nservices: []\n")).find("stands twice"),
      std::string::npos);
  EXPECT_NE(message(read("_format_version: '3.0'\nservices:\n- host: a\n  host: b\n")).find("4:3"),
            std::string::npos);
}

TEST(DeclarativeFile, TakesIdsOverFromEntitiesThatStandAlready) {
  DeclarativeOptions options;
  options.existing = [](std::string_view kind, std::string_view field,
                        std::string_view value) -> std::optional<std::string> {
    if (kind == "services" && field == "name" && value == "posts") {
      return "11111111-1111-4111-8111-111111111111";
    }
    if (kind == "keyauth_credentials" && field == "key" && value == "bobkey") {
      return "22222222-2222-4222-8222-222222222222";
    }
    return {};
  };
  Read shop = read(kShop, options);
  ASSERT_TRUE(shop.errors.empty()) << message(shop);
  EXPECT_EQ(shop.doc("services")["id"], "11111111-1111-4111-8111-111111111111");
  EXPECT_EQ(shop.doc("routes")["service"]["id"], "11111111-1111-4111-8111-111111111111");
  EXPECT_EQ(shop.doc("keyauth_credentials")["id"], "22222222-2222-4222-8222-222222222222");
}

}  // namespace
}  // namespace tollgate::store
