#include <gtest/gtest.h>

#include "source/store/file/export.h"
#include "source/store/file/import.h"
#include "source/store/sealed/credentials.h"
#include "source/store/sealed/sealing_store.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::store {
namespace {

std::unique_ptr<Store> sealed(Protector::Mode mode = Protector::Mode::kProtected) {
  store::Credentials::Options options;
  options.passwordCost.logCost = 4;  // quick, and of no use but for tests
  auto crypto = std::make_shared<store::Credentials>("a secret for these tests alone", options);
  return std::make_unique<SealingStore>(openMemory(KeyExtractor::fromSchemas()).value(),
                                        std::make_shared<Protector>(crypto, mode));
}

ImportOutcome import(Store& store, const std::string& text) {
  ImportOptions options;
  options.now = 1700000000;
  auto done = importFile(store, TextSource::text("f", text), options);
  EXPECT_TRUE(done.ok());
  return std::move(done).value();
}

constexpr const char* kKeys =
    "_format_version: '3.0'\nconsumers:\n- username: a\n  keyauth_credentials:\n  - key: "
    "first-key\n"
    "  - key: second-key\n";

TEST(SealedImport, KeepsNoKeyAndKnowsItAgain) {
  auto store = sealed();
  ImportOutcome done = import(*store, kKeys);
  ASSERT_TRUE(done.ok());
  std::string text = exportText(*store).value();
  EXPECT_EQ(text.find("first-key"), std::string::npos);
  EXPECT_NE(text.find("$tollgate$"), std::string::npos);
  EXPECT_FALSE(import(*store, kKeys).counts.any());
  EXPECT_FALSE(import(*store, text).counts.any());
  auto plan = planReplacement(*store, TextSource::text("f", kKeys), 1800000000);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->changes.empty());
}

TEST(SealedImport, ChangesNothingTheSecondTime) {
  for (Protector::Mode mode : {Protector::Mode::kProtected, Protector::Mode::kPlain}) {
    auto store = sealed(mode);
    const std::string text =
        "_format_version: '3.0'\nconsumers:\n- username: a\n  basicauth_credentials:\n"
        "  - {username: a, password: the-password}\n  jwt_secrets:\n  - {}\n  - {key: k}\n"
        "  hmacauth_credentials:\n  - {username: a}\n  keyauth_credentials:\n  - key: a-key\n";
    ImportOutcome first = import(*store, text);
    ASSERT_TRUE(first.ok()) << first.errors.lines("f")[0];
    EXPECT_EQ(first.counts.created, 6u);
    ImportOutcome second = import(*store, text);
    ASSERT_TRUE(second.ok());
    EXPECT_FALSE(second.counts.any());
    EXPECT_EQ(second.counts.unchanged, 6u);
    std::string other = text;
    other.replace(other.find("the-password"), 12, "new-password");
    EXPECT_EQ(import(*store, other).counts.updated, 1u);
  }
}

TEST(SealedImport, KnowsKongsHashesOfPasswordsAgain) {
  auto store = sealed();
  const std::string text =
      "_format_version: '3.0'\n_transform: false\nconsumers:\n- username: a\n"
      "  basicauth_credentials:\n  - username: a\n"
      "    password: 0123456789abcdef0123456789abcdef01234567\n";
  ASSERT_TRUE(import(*store, text).ok());
  EXPECT_FALSE(import(*store, text).counts.any());
}

TEST(SealedImport, RefusesAKeyThatNobodyWouldKnow) {
  auto store = sealed();
  ImportOutcome done =
      import(*store,
             "_format_version: '3.0'\nconsumers:\n- username: a\n  keyauth_credentials:\n  - {}\n");
  ASSERT_EQ(done.errors.total(), 1u);
  EXPECT_NE(done.errors.lines("f")[0].find(
                "consumers[1].keyauth_credentials[1].key: required field missing; one that is made "
                "up would be known to nobody"),
            std::string::npos)
      << done.errors.lines("f")[0];
}

TEST(SealedImport, MovesStoredFormsAsTheyAre) {
  auto first = sealed(), second = sealed();
  import(*first, kKeys);
  std::string text = exportText(*first).value();
  ASSERT_TRUE(import(*second, text).ok());
  EXPECT_EQ(exportText(*second).value(), text);
  EXPECT_TRUE(second->getByUnique("keyauth_credentials", "key", "first-key").value().has_value());
}

TEST(SealedImport, IsRefusedInTheWordsOfTheFile) {
  auto store = sealed();
  import(*store, kKeys);
  ImportOutcome done =
      import(*store,
             "_format_version: '3.0'\nconsumers:\n- username: b\n  keyauth_credentials:\n"
             "  - key: first-key\n    id: 99999999-9999-4999-8999-999999999999\n");
  ASSERT_TRUE(done.refusal.has_value());
  EXPECT_EQ(done.refusal->fields, Json({{"key", "first-key"}}));
}

TEST(SealedImport, TakesKongsHashesOfPasswordsForWhatTheyAre) {
  auto store = sealed();
  std::string file =
      "_format_version: '3.0'\n_transform: false\nconsumers:\n- username: a\n"
      "  basicauth_credentials:\n  - username: a\n"
      "    password: 0123456789abcdef0123456789abcdef01234567\n";
  ASSERT_TRUE(import(*store, file).ok());
  EXPECT_NE(exportText(*store).value().find("$tollgate$scrypt-sha1$"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::store
