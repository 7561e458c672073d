#include "source/store/file/import.h"

#include <gtest/gtest.h>

#include "source/store/file/export.h"
#include "source/store/file/yaml_text.h"
#include "source/store/postgres/postgres_store.h"
#include "source/store/sqlite/sqlite_store.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

std::unique_ptr<Store> memory() { return openMemory(KeyExtractor::fromSchemas()).value(); }

ImportOptions at(double now) {
  ImportOptions options;
  options.now = now;
  options.reason = {"tester", "import"};
  return options;
}

ImportOutcome import(Store& store, const std::string& text, double now = 1700000000) {
  auto done = importFile(store, TextSource::text("f", text), at(now));
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().text());
  return done.ok() ? std::move(done).value() : ImportOutcome();
}

std::string why(const ImportOutcome& outcome) {
  std::string out;
  for (const std::string& line : outcome.errors.lines("f")) out += line + "\n";
  if (outcome.refusal) out += outcome.refusal->message + outcome.refusal->fields.dump();
  return out;
}

constexpr const char* kShop = R"(_format_version: "3.0"
services:
- name: posts
  url: http://127.0.0.1:9001/posts
  tags: [t1, "yes", "a: b", "it's"]
  routes:
  - name: posts
    paths: [/posts, "~/a/\\d+$"]
    headers: {x-a: ["1", b]}
  - paths: [/nameless]
  plugins:
  - name: rate-limiting
    config: {minute: 5, policy: local}
consumers:
- username: bob
  keyauth_credentials:
  - key: bobkey
    ttl: 5000
- username: "\u00fc \n \"quoted\""
  custom_id: "0123"
)";

TEST(Import, WritesOneRevisionAndNothingAgainWhereNothingChanges) {
  auto store = memory();
  ImportOutcome first = import(*store, kShop);
  ASSERT_TRUE(first.ok()) << why(first);
  EXPECT_EQ(first.counts.created, 7u);
  EXPECT_EQ(first.revision, 1u);
  ImportOutcome again = import(*store, kShop, 1700000100);
  ASSERT_TRUE(again.ok()) << why(again);
  EXPECT_EQ(again.counts.created, 0u);
  EXPECT_EQ(again.counts.unchanged, 6u);
  EXPECT_EQ(again.counts.updated, 1u);  // the key whose time to live begins anew
  EXPECT_EQ(store->revision().value(), 2u);
}

TEST(Import, ListsMayStandInAnyOrder) {
  auto store = memory();
  std::string text = "_format_version: '3.0'\nplugins:\n- {name: key-auth, route: r0}\nroutes:\n";
  constexpr int kRoutes = 2000;  // more than are written together
  for (int i = 0; i < kRoutes; ++i) {
    const std::string number = std::to_string(i);
    text += "- {name: r" + number + ", paths: [/" + number + "], service: s}\n";
  }
  ImportOutcome done = import(*store, text + "services:\n- {name: s, host: h}\n");
  ASSERT_TRUE(done.ok()) << why(done);
  EXPECT_EQ(done.counts.created, kRoutes + 2u);
}

TEST(Import, UpdatesByNameAndKeepsTheTimeOfCreation) {
  auto store = memory();
  import(*store,
         "_format_version: '3.0'\nservices:\n- name: a\n  host: h\n"
         "  id: 11111111-1111-4111-8111-111111111111\n");
  ImportOutcome done =
      import(*store, "_format_version: '3.0'\nservices:\n- name: a\n  host: other\n", 1700000100);
  ASSERT_TRUE(done.ok()) << why(done);
  EXPECT_EQ(done.counts.updated, 1u);
  Json doc = *store->getByUnique("services", "name", "a").value();
  EXPECT_EQ(doc["id"], "11111111-1111-4111-8111-111111111111");
  EXPECT_EQ(doc["host"], "other");
  EXPECT_EQ(doc["created_at"], 1700000000);
  EXPECT_EQ(doc["updated_at"], 1700000100);
}

TEST(Import, KeysThatChangePlacesKeepTheirIds) {
  auto store = memory();
  auto text = [](const char* first, const char* second) {
    return std::string(
               "_format_version: '3.0'\nconsumers:\n- username: a\n  keyauth_credentials:\n") +
           "  - key: " + first + "\n  - key: " + second + "\n";
  };
  import(*store, text("one", "two"));
  auto one =
      (*store->getByUnique("keyauth_credentials", "key", "one").value())["id"].get<std::string>();
  ImportOutcome swapped = import(*store, text("two", "one"), 1700000100);
  ASSERT_TRUE(swapped.ok()) << why(swapped);
  EXPECT_FALSE(swapped.counts.any());
  ImportOutcome shifted = import(*store, text("three", "one"), 1700000100);
  ASSERT_TRUE(shifted.ok()) << why(shifted);
  EXPECT_EQ(shifted.counts.created, 1u);
  EXPECT_EQ((*store->getByUnique("keyauth_credentials", "key", "one").value())["id"], one);
  EXPECT_TRUE(store->getByUnique("keyauth_credentials", "key", "two").value().has_value());
}

TEST(Import, NamesMayBeSwapped) {
  auto store = memory();
  auto text = [](const char* first, const char* second) {
    return std::string("_format_version: '3.0'\nservices:\n") +
           "- {id: 11111111-1111-4111-8111-111111111111, host: h, name: " + first + "}\n" +
           "- {id: 22222222-2222-4222-8222-222222222222, host: h, name: " + second + "}\n";
  };
  ASSERT_TRUE(import(*store, text("a", "b")).ok());
  ImportOutcome done = import(*store, text("b", "a"));
  EXPECT_TRUE(done.ok()) << why(done);
}

TEST(Import, WritesNothingOfAFileWithAnError) {
  auto store = memory();
  std::string text = "_format_version: '3.0'\nservices:\n";
  for (int i = 0; i < 2000; ++i) {
    text += "- {name: s" + std::to_string(i) + ", host: h}\n";
  }
  text += "- name: broken\n";
  ImportOutcome done = import(*store, text);
  EXPECT_EQ(done.errors.lines("f"),
            std::vector<std::string>{"f:2003:3: services[2001].host: required field missing"});
  EXPECT_EQ(store->revision().value(), 0u);
  EXPECT_TRUE(store->list("services", {}).value().empty());
}

TEST(Import, IsRefusedWholeWhereANameIsTaken) {
  auto store = memory();
  import(*store, "_format_version: '3.0'\nconsumers:\n- username: a\n  custom_id: taken\n");
  std::string text = "_format_version: '3.0'\nconsumers:\n";
  for (int i = 0; i < 1000; ++i) text += "- username: u" + std::to_string(i) + "\n";
  text += "- username: z\n  custom_id: taken\n";
  ImportOutcome done = import(*store, text);
  ASSERT_TRUE(done.refusal.has_value());
  EXPECT_EQ(done.refusal->kind, Refusal::Kind::kUnique);
  EXPECT_EQ(done.refusal->field, "custom_id");
  EXPECT_EQ(store->revision().value(), 1u);
  EXPECT_EQ(store->list("consumers", {}).value().size(), 1u);
}

TEST(Import, DiffSaysWhatWouldChangeAndChangesNothing) {
  auto store = memory();
  import(*store, kShop);
  std::vector<std::string> seen;
  auto each = [&](const Change& change, const Json& before) {
    seen.push_back(change.kind + (before.is_null() ? " new" : " changed"));
  };
  std::string text =
      "_format_version: '3.0'\nservices:\n- name: posts\n  host: other\n- name: more\n  host: h\n";
  auto done = diffFile(*store, TextSource::text("f", text), at(1700000100), each);
  ASSERT_TRUE(done.ok() && done->ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"services changed", "services new"}));
  EXPECT_EQ(store->revision().value(), 1u);
}

class ExportTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres") {
      if (test::PostgresServer::programs().empty()) GTEST_SKIP() << "Postgres is not installed";
      settings_ = freshSchema(test::PostgresServer::shared());
      bootstrap(*settings_);
      store_ = openPostgres(*settings_, KeyExtractor::fromSchemas()).value();
    } else {
      store_ = memory();
    }
  }
  std::optional<PostgresSettings> settings_;
  std::unique_ptr<Store> store_;
};

TEST_P(ExportTest, ImportsToTheSameBytes) {
  auto first = memory();
  ASSERT_TRUE(import(*first, kShop).ok());
  std::string text = exportText(*first).value();
  ImportOutcome done = import(*store_, text, 1800000000);
  ASSERT_TRUE(done.ok()) << why(done) << text;
  EXPECT_EQ(exportText(*store_).value(), text);
  // and neither by way of a file of JSON nor by a plan is anything different
  auto plan = planReplacement(*store_, TextSource::text("f", text), 1900000000);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->changes.empty());
}

TEST_P(ExportTest, ManyEntitiesSurvive) {
  std::string text = "_format_version: '3.0'\nconsumers:\n";
  for (int i = 0; i < 3000; ++i) {
    text += "- {username: u" + std::to_string(i) + ", tags: [a, b], keyauth_credentials: [{key: k" +
            std::to_string(i) + "}]}\n";
  }
  ImportOutcome done = import(*store_, text);
  ASSERT_TRUE(done.ok()) << why(done);
  EXPECT_EQ(done.counts.created, 6000u);
  auto other = memory();
  std::string exported = exportText(*store_).value();
  ASSERT_TRUE(import(*other, exported, 1800000000).ok());
  EXPECT_EQ(exportText(*other).value(), exported);
  auto commits = store_->changesSince(0).value();
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(commits[0].changes.size(), 6000u);
}

INSTANTIATE_TEST_SUITE_P(Stores, ExportTest, testing::Values("embedded", "postgres"));

TEST(Replacement, TakesOutWhatTheFileDoesNotName) {
  auto store = memory();
  import(*store, kShop);
  auto plan = planReplacement(
      *store,
      TextSource::text(
          "f",
          "_format_version: '3.0'\nservices:\n- name: new\n  host: h\n  routes:\n"
          "  - name: posts\n    paths: [/posts]\n    plugins:\n    - name: key-auth\n"),
      1700000100);
  ASSERT_TRUE(plan.ok() && plan->errors.empty());
  auto done = store->transact(plan->changes, {"t", "replace"});
  auto* refusal = std::get_if<Refusal>(&done);
  ASSERT_EQ(refusal, nullptr) << refusal->fields.dump();
  EXPECT_EQ(store->list("services", {}).value().size(), 1u);
  EXPECT_EQ(store->list("routes", {}).value().size(), 1u);
  EXPECT_EQ(store->list("plugins", {}).value().size(), 1u);
  EXPECT_TRUE(store->list("consumers", {}).value().empty());
}

TEST(Replacement, AParentMayBecomeAnotherWithTheSameName) {
  auto store = memory();
  auto text = [](const char* id) {
    return std::string("_format_version: '3.0'\nservices:\n- name: s\n  host: h\n  id: ") + id +
           "\n  routes:\n  - name: r\n    paths: [/r]\n    plugins:\n    - name: key-auth\n";
  };
  import(*store, text("11111111-1111-4111-8111-111111111111"));
  auto plan = planReplacement(
      *store, TextSource::text("f", text("22222222-2222-4222-8222-222222222222")), 1700000100);
  ASSERT_TRUE(plan.ok() && plan->errors.empty());
  auto done = store->transact(plan->changes, {"t", "replace"});
  auto* refusal = std::get_if<Refusal>(&done);
  ASSERT_EQ(refusal, nullptr) << refusal->fields.dump();
  EXPECT_EQ(store->list("plugins", {}).value().size(), 1u);
  EXPECT_EQ(store->list("routes", {}).value()[0]["service"]["id"],
            "22222222-2222-4222-8222-222222222222");
}

TEST(YamlText, EveryTextReadsBackAsItself) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const std::string texts[] = {
      "plain",      "",     "yes", "NO",   "1",    "-1", "1.5",  "0x1f", "1e5",      "2024-01-01",
      "a: b",       "a #b", "#a",  "- a",  "-",    "~",  "null", "'",    "it's",     "\"",
      "a\nb",       "a\n",  " a",  "a ",   "a:",   ":",  "{a",   "[a",   "a, b",     "&a",
      "*a",         "!a",   "%a",  "@a",   "`a",   "|",  ">",    "\t",   "\u00fc",   "\u2028",
      "\U0001F600", "<<",   "=",   "a\\b", "\x7f", "+1", ".5",   "1:30", "12:30:45", "true"};
  for (const std::string& text : texts) {
    std::string yaml;
    Json record = {{"t", text},
                   {text + "k", Json::array({text, Json::array({text})})},
                   {"m", {{"n", {{"o", text}}}}}};
    appendYamlElement(record, yaml);
    struct Sink final : DocumentSink {
      void member(const std::string&, Json, Place) override {}
      void item(const std::string&, size_t, Json v, const Places&) override {
        value = std::move(v);
      }
      void notARecord(const Json&) override {}
      void warning(const std::string&, Place) override {}
      Json value;
    };
    for (TextForm form : {TextForm::kYaml, TextForm::kPlainYaml}) {
      Sink sink;
      std::istringstream in("list:\n" + yaml);
      auto done = readDocument(in, sink, form);
      ASSERT_TRUE(done.ok()) << done.error().text() << "\n" << yaml;
      if (form == TextForm::kPlainYaml && !*done) continue;  // left to the other
      EXPECT_EQ(sink.value, record) << yaml;
    }
  }
}

}  // namespace
}  // namespace tollgate::store
