#include "source/store/file/declarative_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "source/store/file/stable_id.h"

namespace tollgate::store {
namespace {

struct Read {
  std::map<std::string, std::vector<Declared>> kinds;
  std::vector<std::string> order;  ///< Kinds, as they were handed on.
  std::vector<std::string> warnings;
  FileErrors errors;
  Status status;
  Json doc(const std::string& kind, size_t index = 0) { return kinds[kind].at(index).doc; }
};

Read read(const std::string& text, DeclarativeOptions options = {}) {
  if (options.now == 0) options.now = 1700000000;
  DeclarativeFile file(TextSource::text("config", text), std::move(options));
  Read out;
  out.status = file.read([&](Declared entity) {
    out.order.push_back(entity.schema->kind());
    out.kinds[entity.schema->kind()].push_back(std::move(entity));
    return Status();
  });
  out.errors = file.errors();
  out.warnings = file.warnings();
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
  std::string service = shop.doc("services")["id"].get<std::string>();
  std::string route = shop.doc("routes")["id"].get<std::string>();
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
            "path) or ~/ (regex path); it is 'x'");
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
  EXPECT_EQ(read(kShop).errors.flattened(), Json::array());
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

/// The file's only error, as a terminal shows it.
std::string lineOf(const std::string& text) {
  Read file = read("_format_version: '3.0'\n" + text);
  auto lines = file.errors.lines("f");
  EXPECT_EQ(lines.size(), 1u) << text;
  return lines.empty() ? "" : lines[0];
}

TEST(DeclarativeFile, HandsEntitiesOnAfterThoseTheyReferTo) {
  const char* text =
      "_format_version: '3.0'\nplugins:\n- name: key-auth\n  route: r\nroutes:\n- name: r\n"
      "  paths: [/a]\n  service: s\n  plugins:\n  - name: rate-limiting\n    consumer: c\n"
      "    config: {minute: 5}\nservices:\n- name: s\n  host: h\n- host: nameless\n"
      "  routes:\n  - paths: [/b]\nconsumers:\n- username: c\n";
  Read file = read(text);
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.order, (std::vector<std::string>{"services", "services", "routes", "consumers",
                                                  "routes", "plugins", "plugins"}));
  DeclarativeOptions options;
  options.parentsFirst = false;
  Read asItIs = read(text, options);
  EXPECT_EQ(asItIs.order, (std::vector<std::string>{"plugins", "routes", "plugins", "services",
                                                    "services", "routes", "consumers"}));
  for (const auto& [kind, entities] : file.kinds) {
    for (const Declared& entity : entities) {
      auto& others = asItIs.kinds[kind];
      EXPECT_TRUE(std::any_of(others.begin(), others.end(), [&](const Declared& other) {
        return other.id == entity.id && other.doc == entity.doc;
      })) << entity.doc;
    }
  }
}

TEST(DeclarativeFile, TakesNothingForAnEmptyList) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- name: s\n  host: h\n  routes:\n  plugins: ~\n"
      "  tags: null\nconsumers:\nupstreams:\n- name: u\n  targets:\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.order, (std::vector<std::string>{"services", "upstreams"}));
}

TEST(DeclarativeFile, SaysThatARecordIsNoList) {
  EXPECT_EQ(message(read("_format_version: '3.0'\nservices: {name: s}")),
            R"({services="expected an array"})");
  EXPECT_EQ(
      lineOf("services:\n- name: s\n  host: h\n  routes:\n    name: r\n    paths: [/a]\n"),
      "f:6:5: services[1].routes: expected an array; each element of a list begins with '- '");
}

TEST(DeclarativeFile, PassesOverWhatKongsOwnExportHasBesides) {
  Read file = read(
      "_format_version: '3.0'\nparameters:\n- key: cluster_id\n  value: x\nworkspaces:\n"
      "- name: default\nclustering_data_planes: []\nservices:\n- host: h\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  ASSERT_EQ(file.warnings.size(), 3u);
  EXPECT_EQ(file.warnings[0],
            "config:3:1: parameters: is of Kong's own export and has no effect here");
  EXPECT_EQ(file.order, std::vector<std::string>{"services"});
}

TEST(DeclarativeFile, MergesRecordsThatStandInline) {
  Read file = read(
      "_format_version: '3.0'\n_ignore:\n- &d {retries: 1, read_timeout: 7}\nservices:\n"
      "- &first\n  <<: {retries: 3, host: h, tags: &t [a]}\n  name: s\n"
      "- <<: [*d, {retries: 9, host: i}]\n  name: t\n  tags: *t\n- <<: *first\n  name: u\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.doc("services", 0)["retries"], 3);
  EXPECT_EQ(file.doc("services", 0)["host"], "h");
  EXPECT_EQ(file.doc("services", 1)["retries"], 1);
  EXPECT_EQ(file.doc("services", 1)["read_timeout"], 7);
  EXPECT_EQ(file.doc("services", 1)["host"], "i");
  EXPECT_EQ(file.doc("services", 1)["tags"], Json::array({"a"}));
  EXPECT_EQ(file.doc("services", 2)["host"], "h");
  EXPECT_EQ(file.doc("services", 2)["retries"], 3);
  EXPECT_TRUE(read("_format_version: '3.0'\nservices:\n- <<: 3\n").errors.syntax());
  EXPECT_TRUE(read("_format_version: '3.0'\nservices:\n- <<: [3]\n").errors.syntax());
  EXPECT_TRUE(read("<<: {_format_version: '3.0'}\nservices: []\n").errors.syntax());
}

TEST(DeclarativeFile, CountsNestedAnchorsAsWhatTheyHold) {
  std::string text = "_format_version: '3.0'\n_ignore:\n- ";
  for (int i = 0; i < 60; ++i) text += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 20000; ++i) text += "x, ";
  text += "x";
  for (int i = 0; i < 60; ++i) text += "]";
  Read refused = read(text + "\n");
  ASSERT_TRUE(refused.errors.syntax());
  EXPECT_NE(message(refused).find("too many values"), std::string::npos) << message(refused);
}

TEST(DeclarativeFile, TakesBooleansAndNumbersOfYaml11WhereAFieldIsOne) {
  Read file = read(
      "_format_version: '3.0'\n_ignore:\n- &on yes\nservices:\n- name: on\n  host: off\n"
      "  enabled: off\n  port: 8_080\n  retries: 0x10\n  tags: [yes, 0x1]\n"
      "- name: b\n  host: h\n  enabled: *on\n  read_timeout: +7\nroutes:\n- name: r\n"
      "  paths: [/a]\n  strip_path: No\n  preserve_host: ON\nplugins:\n- name: key-auth\n"
      "  config: {hide_credentials: yes}\n");
  ASSERT_TRUE(file.errors.empty()) << file.errors.lines("f")[0];
  Json service = file.doc("services");
  EXPECT_EQ(service["name"], "on");
  EXPECT_EQ(service["host"], "off");
  EXPECT_EQ(service["enabled"], false);
  EXPECT_EQ(service["port"], 8080);
  EXPECT_EQ(service["retries"], 16);
  EXPECT_EQ(service["tags"], Json::parse(R"(["yes","0x1"])"));
  EXPECT_EQ(file.doc("services", 1)["enabled"], true);
  EXPECT_EQ(file.doc("services", 1)["read_timeout"], 7);
  EXPECT_EQ(file.doc("routes")["strip_path"], false);
  EXPECT_EQ(file.doc("routes")["preserve_host"], true);
  EXPECT_EQ(file.doc("plugins")["config"]["hide_credentials"], true);
  // What stands in quotes is text, and 010 is not the same number to everybody.
  EXPECT_EQ(lineOf("services:\n- host: h\n  enabled: \"yes\"\n"),
            "f:4:12: services[1].enabled: expected a boolean; it is 'yes'");
  EXPECT_EQ(lineOf("services:\n- host: h\n  port: 010\n"),
            "f:4:9: services[1].port: expected an integer; it is '010'");
}

TEST(DeclarativeFile, WarnsOfAKeyThatStandsTwiceWithTheSameValue) {
  Read file = read(
      "_format_version: '3.0'\n_format_version: '3.0'\nservices:\n- host: a\n  tags: [x]\n"
      "  tags: [x]\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  ASSERT_EQ(file.warnings.size(), 2u);
  EXPECT_EQ(file.warnings[1], "config:6:3: key 'tags' stands twice, with the same value");
  EXPECT_TRUE(read("_format_version: '3.0'\n_format_version: '2.1'\n").errors.syntax());
}

TEST(DeclarativeFile, RefusesASecondDocument) {
  const std::string one = "_format_version: '3.0'\nservices:\n- host: a\n";
  EXPECT_TRUE(read("---\n" + one + "...\n").errors.empty());
  EXPECT_TRUE(read(one + "---\n# nothing\n").errors.empty());
  Read two = read(one + "---\n" + one);
  ASSERT_TRUE(two.errors.syntax());
  EXPECT_TRUE(two.errors.lines("f")[0].starts_with("f:4:1: a second document begins"))
      << two.errors.lines("f")[0];
}

TEST(DeclarativeFile, EndsAtWhatBelongsToNothing) {
  for (const char* text : {"{_format_version: '3.0', services: []} }", "{a: 1}]", "{a: 1} , b"}) {
    EXPECT_TRUE(read(text).errors.syntax()) << text;
  }
}

TEST(DeclarativeFile, SaysWhatIsUsuallyMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {"services:\n- host: h\n  port: $PORT\n",
       "f:4:9: services[1].port: expected an integer; '$PORT' looks like a placeholder; nothing is "
       "replaced here"},
      {"services:\n- host: h\n  retries: __RETRIES__\n",
       "f:4:12: services[1].retries: expected an integer; '__RETRIES__' looks like a placeholder; "
       "nothing is replaced here"},
      {"services:\n- url: http://${IP}:80\n", "placeholder"},
      {"services:\n- name: s\n  host: {{ .Values.host }}\n", "placeholder"},
      {"_info:\n  select_tags: [a]\n", "deck gateway sync"},
      {"_workspace: default\n", "deck gateway sync"},
      {"services:\n- url: httpbin.org\n",
       "f:3:1: services[1].host: required field missing; url 'httpbin.org' has no scheme; did you "
       "mean http://httpbin.org?"},
      {"upstreams:\n- name: u\n  targets:\n  - target: 'a b:80'\n", "it is 'a b:80'"},
      {"routes:\n- paths: [/x]\n  service: {name: a}\n",
       "service.name: unknown field; a reference is written as `service: a` or as `service: {id: "
       "…}`"},
      {"services:\n- name: a: b\n",
       "illegal map value (a value with ': ' in it needs quotes; or this line is not "
       "indented like its neighbours)"},
  };
  for (const auto& [text, expected] : cases) {
    Read file = read(std::string("_format_version: '3.0'\n") + text);
    ASSERT_FALSE(file.errors.empty()) << text;
    const std::string line = file.errors.lines("f")[0];
    EXPECT_NE(line.find(expected), std::string::npos) << line << "\n" << expected;
    EXPECT_EQ(line.find(':'), 1u) << line;  // the place stands in front, once
    EXPECT_EQ(line.find("f:", 2), std::string::npos) << line;
  }
}

TEST(DeclarativeFile, WarnsOfPlaceholdersThatAreValidAllTheSame) {
  Read file = read(
      "_format_version: '3.0'\nconsumers:\n- username: __NAME__\n  tags: [a, $TAG]\n"
      "  keyauth_credentials:\n  - key: ${KEY}\n- username: a$b\n  custom_id: '$5'\n");
  ASSERT_TRUE(file.errors.empty()) << message(file);
  EXPECT_EQ(file.warnings,
            (std::vector<std::string>{
                "config:6:10: consumers[1].keyauth_credentials[1].key: looks like a placeholder; "
                "nothing is replaced here",
                "config:4:13: consumers[1].tags[2]: looks like a placeholder; nothing is replaced "
                "here",
                "config:3:13: consumers[1].username: looks like a placeholder; nothing is replaced "
                "here"}));
}

TEST(DeclarativeFile, TellsOncePerPluginThatItIsNotThere) {
  Read file = read(
      "_format_version: '3.0'\nservices:\n- host: a\n  plugins:\n  - name: acme\n"
      "  - {name: openid-connect}\n- host: b\n  plugins:\n  - name: acme\nplugins:\n"
      "- name: acme\n- name: our-own\n");
  EXPECT_EQ(file.errors.total(), 5u);
  EXPECT_EQ(file.errors.lines("f"),
            (std::vector<std::string>{
                "f:5:11: services[1].plugins[1].name: plugin 'acme' is one of Kong's that is not "
                "here yet (3 places)",
                "f:6:12: services[1].plugins[2].name: plugin 'openid-connect' is one of Kong "
                "Enterprise's, which is not here",
                "f:12:9: plugins[2].name: plugin 'our-own' not enabled; add it to the 'plugins' "
                "configuration property; it is not known here; plugins in Lua are not supported "
                "yet"}));
}

TEST(DeclarativeFile, ShowsNothingInAHintThatIsNoText) {
  std::string line = lineOf("services:\n- host: h\n  path: x\xe9\n");
  EXPECT_EQ(line.find('\xe9'), std::string::npos) << line;
  line = lineOf("services:\n- host: h\n  path: \"x\\e[1m" + std::string(200, 'y') + "\"\n");
  EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  EXPECT_NE(line.find("it is 'x?[1my"), std::string::npos) << line;
  EXPECT_NE(line.find("y…'"), std::string::npos) << line;
}

TEST(DeclarativeFile, ShowsNoSecretInAHint) {
  EXPECT_EQ(lineOf("consumers:\n- username: u\n  basicauth_credentials:\n  - username: a\n"
                   "    password: [the-word]\n"),
            "f:6:15: consumers[1].basicauth_credentials[1].password: expected a string");
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
