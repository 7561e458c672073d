#include "source/store/file/declared_store.h"

#include <gtest/gtest.h>

#include <map>

#include "source/store/history.h"
#include "source/store/sealed/credentials.h"
#include "source/store/sealed/sealing_store.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::store {
namespace {

constexpr const char* kText =
    "_format_version: '3.0'\nroutes:\n- name: r\n  paths: [/a]\n  service: s\nservices:\n"
    "- name: s\n  host: h\nconsumers:\n- username: u\n  keyauth_credentials:\n  - key: the-key\n"
    "  jwt_secrets:\n  - {}\n";

std::unique_ptr<DeclaredStore> declared(const char* text) {
  store::Credentials::Options options;
  options.passwordCost.logCost = 4;  // quick, and of no use but for tests
  auto crypto = std::make_shared<store::Credentials>("a secret for these tests alone", options);
  auto protector = std::make_shared<Protector>(crypto, Protector::Mode::kProtected);
  auto out = std::make_unique<DeclaredStore>(
      std::make_unique<SealingStore>(openMemory(KeyExtractor::fromSchemas()).value(), protector),
      protector);
  if (text != nullptr) out->declare(TextSource::text("f", text), 1700000000);
  return out;
}

std::map<std::string, Json> load(DeclaredStore& store, Revision expected) {
  std::map<std::string, Json> out;
  auto revision = store.load([&](Entity entity) { out[entity.kind] = std::move(entity.doc); });
  EXPECT_EQ(revision.ok() ? *revision : ~Revision{0}, expected);
  return out;
}

TEST(DeclaredStore, KeepsNothingUntilSomebodyAsks) {
  auto store = declared(kText);
  auto served = load(*store, 1);
  EXPECT_EQ(served.size(), 5u);
  EXPECT_EQ(served["keyauth_credentials"]["key"], "the-key");
  EXPECT_EQ(store->revision().value(), 1u);
  EXPECT_TRUE(store->changesSince(1).value().empty());
  EXPECT_FALSE(store->history()->prune({}).value());
  EXPECT_FALSE(store->filled());
  auto found = store->getByUnique("keyauth_credentials", "key", "the-key");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_TRUE(store->filled());
}

TEST(DeclaredStore, AnswersWithWhatIsServed) {
  auto store = declared(kText);
  auto served = load(*store, 1);
  for (const char* kind : {"services", "routes", "consumers", "jwt_secrets"}) {
    auto kept = store->get(kind, served[kind]["id"].get<std::string>());
    ASSERT_TRUE(kept.ok() && kept->has_value()) << kind;
    EXPECT_EQ(**kept, served[kind]) << kind;
  }
  EXPECT_EQ(store->revision().value(), 1u);
  EXPECT_TRUE(store->changesSince(1).value().empty());
  EXPECT_EQ(load(*store, 1)["jwt_secrets"], served["jwt_secrets"]);
}

TEST(DeclaredStore, WritesFollowWhatWasDeclared) {
  auto store = declared(kText);
  auto served = load(*store, 1);
  auto done = store->transact(
      {{Change::Op::kDelete, "routes", served["routes"]["id"].get<std::string>(), nullptr}},
      {"tester", "test"});
  ASSERT_TRUE(std::holds_alternative<Commit>(done));
  EXPECT_EQ(std::get<Commit>(done).revision, 2u);
  EXPECT_EQ(load(*store, 2).count("routes"), 0u);
  EXPECT_EQ(store->history()->list(0, 10).value().size(), 2u);
}

TEST(DeclaredStore, SaysWhatIsWrongWithTheText) {
  auto store = declared("_format_version: '3.0'\nservices:\n- name: s\n");
  auto loaded = store->load([](Entity) {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().kind, Error::Kind::kInvalid);
  EXPECT_EQ(store->errors().total(), 1u);
  store->forget();
  EXPECT_TRUE(load(*store, 0).empty());
}

TEST(DeclaredStore, WithoutATextIsEmpty) {
  auto store = declared(nullptr);
  EXPECT_TRUE(load(*store, 0).empty());
  EXPECT_TRUE(store->list("services", {}).value().empty());
}

}  // namespace
}  // namespace tollgate::store
