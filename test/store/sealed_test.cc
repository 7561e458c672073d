#include <fstream>
#include <sstream>

#include "source/store/history.h"
#include "source/store/sealed/conversion.h"
#include "source/store/sealed/credentials.h"
#include "source/store/sealed/sealing_store.h"
#include "source/store/sealed/stored_form.h"
#include "source/store/sqlite/last_good.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

using schema::AtRest;
using Mode = Protector::Mode;

constexpr const char* kSecret = "a secret of thirty-two characters";
constexpr const char* kOther = "another one of thirty-two characters";
// Of "pw" and this consumer, as recorded from Kong.
constexpr const char* kConsumer = "00000000-0000-4000-8000-000000000100";
constexpr const char* kKongs = "f5bebdbfe7cb52d5039b5b6205b89622c0cfe499";

/// Of "parents" the unique name is a key, and there is a password and a sealed secret.
const std::vector<schema::AtRestField>& fieldsOf(std::string_view kind) {
  static const std::vector<schema::AtRestField> kNone;
  static const std::vector<schema::AtRestField> kParents = {{"name", AtRest::kDigest},
                                                            {"password", AtRest::kPassword},
                                                            {"secret", AtRest::kSealed},
                                                            {"pem.private_key", AtRest::kSealed}};
  return kind == "parents" ? kParents : kNone;
}

std::shared_ptr<const Credentials> credentials(const std::string& secret) {
  Credentials::Options options;
  options.passwordCost.logCost = 4;
  return std::make_shared<Credentials>(secret, options);
}

class SealedTest : public testing::TestWithParam<std::string>, protected SmallWorld {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres" && !test::PostgresServer::available())
      GTEST_SKIP() << "no Postgres";
    database_ = Database::make(GetParam());
    open(kSecret);
  }
  void open(const std::string& secret, Mode mode = Mode::kProtected) {
    store_.reset();
    reports_.clear();
    credentials_ = credentials(secret);
    protector_ = std::make_shared<Protector>(
        credentials_, mode, [this](const std::string& text) { reports_.push_back(text); },
        fieldsOf);
    store_ = std::make_unique<SealingStore>(database_->open(), protector_);
    ASSERT_TRUE(store_->load([](Entity) {}));
  }
  Commit must(std::vector<Change> changes) { return SmallWorld::must(*store_, std::move(changes)); }
  Refusal refused(std::vector<Change> changes) {
    auto result = store_->transact(std::move(changes), {});
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal();
  }
  static Change full(const std::string& id) {
    return insert("parents", id,
                  {{"name", "key-" + id},
                   {"password", "password-" + id},
                   {"secret", "secret-" + id},
                   {"pem", {{"private_key", "private-" + id}}},
                   {"consumer", {{"id", kConsumer}}}});
  }
  Json kept(const std::string& id) { return store_->inner().get("parents", id).value().value(); }
  /// Every text of the database.
  std::string dump() {
    std::ostringstream out;
    (void)store_->inner().load([&](Entity entity) { out << entity.doc.dump() << "\n"; });
    auto commits = store_->inner().changesSince(0).value();
    for (const Commit& commit : commits) {
      for (const Change& change : commit.changes) out << change.doc.dump() << "\n";
    }
    return out.str();
  }
  void expectNothingPlain(const std::string& text, const std::string& id) {
    for (const char* what : {"key-", "password-", "secret-", "private-"}) {
      EXPECT_EQ(text.find(what + id), std::string::npos) << what << id;
    }
  }

  std::unique_ptr<Database> database_;
  std::shared_ptr<const Credentials> credentials_;
  std::shared_ptr<Protector> protector_;
  std::unique_ptr<SealingStore> store_;
  std::vector<std::string> reports_;
};

INSTANTIATE_TEST_SUITE_P(Both, SealedTest, testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return info.param; });

TEST_P(SealedTest, KeepsNoSecretAsItIs) {
  Commit commit = must({full("1")});
  expectNothingPlain(dump(), "1");
  EXPECT_EQ(kept("1")["name"], credentials_->digest("key-1"));
  Json doc = store_->get("parents", "1").value().value();
  EXPECT_EQ(doc, commit.changes[0].doc) << "a commit tells what reading tells";
  EXPECT_EQ(doc["secret"], "secret-1");
  EXPECT_EQ(doc["pem"]["private_key"], "private-1");
  EXPECT_EQ(doc["name"], credentials_->digest("key-1"));
  EXPECT_TRUE(credentials_->verifyPassword(doc["password"].get<std::string>(), "password-1", ""));
  std::vector<Json> loaded;
  ASSERT_TRUE(store_->load([&](Entity entity) { loaded.push_back(entity.doc); }));
  EXPECT_EQ(loaded, std::vector<Json>{doc});
  EXPECT_EQ(store_->list("parents", {}).value(), std::vector<Json>{doc});
  EXPECT_EQ(store_->changesSince(0).value().at(0).changes.at(0).doc, doc);
  EXPECT_TRUE(reports_.empty());
}

TEST_P(SealedTest, FindsAKeyAsTheClientKnowsItAndAsItIsKept) {
  must({full("1")});
  EXPECT_TRUE(store_->getByUnique("parents", "name", "key-1").value());
  EXPECT_TRUE(store_->getByUnique("parents", "name", credentials_->digest("key-1")).value());
  EXPECT_FALSE(store_->getByUnique("parents", "name", "key-2").value());
}

TEST_P(SealedTest, RefusesADuplicateInTheClientsWords) {
  must({full("1")});
  Refusal refusal = refused({insert("parents", "2", {{"name", "key-1"}})});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kUnique);
  EXPECT_EQ(refusal.fields, (Json{{"name", "key-1"}}));
}

TEST_P(SealedTest, WhatWasReadCanBeWrittenBack) {
  must({full("1")});
  Json before = kept("1");
  Change change = full("1");
  change.op = Change::Op::kReplace;
  change.doc = store_->get("parents", "1").value().value();
  change.doc["tags"] = {"t"};
  must({change});
  Json after = kept("1");
  EXPECT_EQ(after["name"], before["name"]);
  EXPECT_EQ(after["password"], before["password"]);
  EXPECT_EQ(store_->get("parents", "1").value().value()["secret"], "secret-1");
}

TEST_P(SealedTest, TakesStoredFormsOfAnotherStoreAsTheyAre) {
  must({full("1")});
  Json exported = kept("1");
  must({remove("parents", "1")});
  Change change = insert("parents", "1", exported);
  must({change});
  EXPECT_EQ(kept("1"), exported);
}

TEST_P(SealedTest, KongsPasswordsAreHashedOnceMoreAndVerifyAsBefore) {
  must({insert("parents", "1", {{"password", sha1Form(kKongs)}})});
  auto stored = kept("1")["password"].get<std::string>();
  EXPECT_EQ(stored.find(kKongs), std::string::npos);
  EXPECT_TRUE(credentials_->verifyPassword(stored, "pw", kConsumer));
}

TEST_P(SealedTest, PlainModeKeepsKongsWay) {
  open(kSecret, Mode::kPlain);
  Change change = full("1");
  change.doc["password"] = "pw";
  must({change});
  Json doc = kept("1");
  EXPECT_EQ(doc["name"], "key-1");
  EXPECT_EQ(doc["secret"], "secret-1");
  EXPECT_EQ(doc["password"], kKongs);
  change.op = Change::Op::kReplace;
  change.doc = doc;
  change.doc["password"] = sha1Form(kKongs);  // told to be what stands already
  must({change});
  EXPECT_EQ(kept("1")["password"], kKongs);
}

TEST_P(SealedTest, BothModesReadWhatTheOtherWrote) {
  must({full("1")});
  open(kSecret, Mode::kPlain);
  must({full("2")});
  for (Mode mode : {Mode::kPlain, Mode::kProtected}) {
    open(kSecret, mode);
    for (const char* id : {"1", "2"}) {
      std::string key = std::string("key-") + id;
      auto found = store_->getByUnique("parents", "name", key).value();
      ASSERT_TRUE(found) << id;
      EXPECT_EQ((*found)["secret"], std::string("secret-") + id);
      Refusal refusal = refused({insert("parents", "3", {{"name", key}})});
      EXPECT_EQ(refusal.kind, Refusal::Kind::kUnique) << "in whatever form it stands";
      EXPECT_EQ(refusal.fields, (Json{{"name", key}}));
    }
  }
}

TEST_P(SealedTest, AConversionLeavesNothingPlainNotEvenInTheHistory) {
  open(kSecret, Mode::kPlain);
  Change change = full("1");
  change.doc["password"] = "pw";
  must({change, full("2")});
  must({remove("parents", "2")});
  EXPECT_NE(dump().find("key-2"), std::string::npos) << "the test would show nothing";
  open(kSecret);
  auto report = convertCredentials(store_->inner(), *protector_, [](size_t) {});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->converted, 1u);
  for (const char* id : {"1", "2"}) expectNothingPlain(dump(), id);
  EXPECT_EQ(dump().find(kKongs), std::string::npos);
  EXPECT_TRUE(store_->getByUnique("parents", "name", "key-1").value());
  EXPECT_TRUE(
      credentials_->verifyPassword(kept("1")["password"].get<std::string>(), "pw", kConsumer));
  EXPECT_EQ(store_->get("parents", "1").value().value()["secret"], "secret-1");
  report = convertCredentials(store_->inner(), *protector_, [](size_t) {});
  EXPECT_EQ(report->converted + report->history, 0u) << "there is nothing left to do";
}

TEST_P(SealedTest, AConversionOfTheHistoryGoesByNumbersAndNotByTheirTexts) {
  open(kSecret, Mode::kPlain);
  // In the order of texts revision 10 follows 1, and a page of both would skip 2 to 9.
  auto many = [](const std::string& prefix) {
    std::vector<Change> changes;
    for (int i = 0; i < 300; ++i) {
      const std::string id = prefix + std::to_string(i);
      changes.push_back(insert("parents", id, {{"name", "plain-" + id}}));
    }
    return changes;
  };
  must(many("a"));
  for (int i = 2; i < 10; ++i) must({full(std::to_string(i))});
  must(many("b"));
  ASSERT_NE(dump().find("key-9"), std::string::npos) << "the test would show nothing";
  open(kSecret);
  ASSERT_TRUE(convertCredentials(store_->inner(), *protector_, [](size_t) {}));
  for (const char* id : {"2", "5", "9"}) expectNothingPlain(dump(), id);
  EXPECT_EQ(dump().find("plain-"), std::string::npos);
}

TEST_P(SealedTest, WhatTheHistoryKeptComesBackAsItWas) {
  for (Mode mode : {Mode::kProtected, Mode::kPlain}) {
    open(kSecret, mode);
    must({full("1")});
    const Json before = kept("1");
    const Revision deleted = must({remove("parents", "1")}).revision;
    auto past = store_->history()->changes(deleted, 0, 10).value();
    ASSERT_EQ(past.size(), 1u);
    EXPECT_EQ(past[0].before, before) << "nothing is opened";
    Change back{Change::Op::kReplace, "parents", "1", *past[0].before};
    back.kept = true;
    back.expected = Json();
    must({back});
    EXPECT_EQ(kept("1"), before);
    EXPECT_EQ(store_->get("parents", "1").value().value()["secret"], "secret-1");
    must({remove("parents", "1")});
  }
}

TEST_P(SealedTest, ASecretCanBeGivenToAStoreThatHadNone) {
  open("");
  ASSERT_TRUE(store_->adoptSecret());  // the database was opened with one before
  must({full("1")});
  EXPECT_EQ(kept("1")["name"], credentials_->digest("key-1"));
  EXPECT_EQ(kept("1")["secret"], "secret-1") << "nothing to seal with";
  open(kSecret);
  EXPECT_EQ(protector_->trouble(), "");
  EXPECT_TRUE(store_->getByUnique("parents", "name", "key-1").value());
  ASSERT_TRUE(convertCredentials(store_->inner(), *protector_, [](size_t) {}));
  EXPECT_EQ(kept("1")["name"], credentials_->digest("key-1"));
  expectNothingPlain(dump(), "1");
}

TEST_P(SealedTest, AnotherSecretIsNamedAndWritesNothing) {
  must({full("1")});
  std::string first = credentials_->secretId();
  for (const char* secret : {kOther, ""}) {
    open(secret);
    EXPECT_NE(protector_->trouble().find(first), std::string::npos) << protector_->trouble();
    EXPECT_FALSE(reports_.empty());
    Refusal refusal = refused({full("2")});
    EXPECT_EQ(refusal.kind, Refusal::Kind::kUnavailable);
    EXPECT_NE(refusal.message.find("credential_secret"), std::string::npos);
    must({insert("children", secret[0] == 'a' ? "a" : "b")});  // what holds none is written as ever
    Json doc = store_->get("parents", "1").value().value();
    EXPECT_TRUE(hasStoredFormMark(doc["secret"].get<std::string>()));
  }
  open(kOther);
  ASSERT_TRUE(store_->adoptSecret());
  must({full("2")});
  open(kOther);
  EXPECT_NE(protector_->trouble(), "") << "the first key is still of no use";
  open(kSecret);
  EXPECT_NE(protector_->trouble(), "");
}

TEST_P(SealedTest, TheFirstOfTwoNodesGivesTheSecret) {
  SealingStore other(database_->open(),
                     std::make_shared<Protector>(credentials(kOther), Mode::kProtected,
                                                 Protector::Report(), fieldsOf));
  EXPECT_FALSE(other.claimSecret().ok());
  EXPECT_TRUE(store_->claimSecret().ok());
}

TEST_P(SealedTest, TheCopyOfTheLastGoodConfigurationHoldsNoSecret) {
  std::string path = testing::TempDir() + "sealed-last-good-" + GetParam() + ".db";
  std::filesystem::remove(path);
  Commit commit = must({full("1")});
  {
    auto copy = LastGood::open(path, "db", protector_).value();
    copy->beginReplacement();
    copy->keep({"parents", "0", full("0").doc});
    ASSERT_TRUE(copy->endReplacement(0));
    ASSERT_TRUE(copy->apply(commit));
    std::map<std::string, Json> docs;
    ASSERT_TRUE(copy->load([&](Entity entity) { docs[entity.id] = entity.doc; }));
    EXPECT_EQ(docs["1"], commit.changes[0].doc);
    EXPECT_EQ(docs["0"]["secret"], "secret-0");
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  ASSERT_NE(bytes.str().find("parents"), std::string::npos);
  expectNothingPlain(bytes.str(), "1");
  EXPECT_EQ(bytes.str().find("secret-0"), std::string::npos);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tollgate::store
