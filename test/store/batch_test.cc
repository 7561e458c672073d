#include "test/store/support.h"

/// Transactions of many changes: the same rules as for single ones, in statements of many rows.
namespace tollgate::store {
namespace {

class BatchTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres" && !test::PostgresServer::available()) {
      GTEST_SKIP() << "no Postgres on this machine";
    }
    database_ = Database::make(GetParam());
    store_ = database_->open();
  }

  /// Enough inserts to be worth statements of many rows.
  static std::vector<Change> many(size_t count = 700) {
    std::vector<Change> out;
    for (size_t i = 0; i < count; ++i) {
      std::string n = std::to_string(i);
      out.push_back(SmallWorld::insert("parents", "p" + n,
                                       {{"name", "name" + n}, {"tags", {"all", "all", "t" + n}}}));
    }
    return out;
  }
  Refusal refused(std::vector<Change> changes) {
    auto outcome = store_->transact(std::move(changes), {"t", "r"});
    if (auto* refusal = std::get_if<Refusal>(&outcome)) return *refusal;
    ADD_FAILURE() << "not refused";
    return {};
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Store> store_;
};

TEST_P(BatchTest, WritesEverythingAsOneRevision) {
  auto changes = many();
  changes.push_back(SmallWorld::insert("children", "c", {{"owner", {{"id", "p699"}}}}));
  Commit commit = SmallWorld::must(*store_, changes);
  EXPECT_EQ(commit.revision, 1u);
  ASSERT_EQ(commit.changes.size(), 701u);
  EXPECT_EQ(store_->changesSince(0).value()[0].changes.size(), 701u);
  ListQuery query;
  query.tags = {"all"};
  query.limit = 1000;
  EXPECT_EQ(store_->list("parents", query).value().size(), 700u);
  EXPECT_EQ(store_->getByUnique("parents", "name", "name5").value()->at("id"), "p5");
  SmallWorld::must(*store_, {SmallWorld::remove("parents", "p699")});
  EXPECT_FALSE(store_->get("children", "c").value().has_value());
}

TEST_P(BatchTest, ChangesOnlyWhatIsStillAsExpected) {
  auto changes = many(20);
  for (Change& change : changes) change.expected = Json();  // nothing is there
  Commit commit = SmallWorld::must(*store_, changes);
  EXPECT_FALSE(commit.changes[0].expected);
  EXPECT_TRUE(commit.follows);
  for (Change& change : changes) {
    change.op = Change::Op::kReplace;
    change.expected = change.doc;
  }
  SmallWorld::must(*store_, changes);
  changes[13].expected = Json{{"id", "p13"}};
  EXPECT_EQ(refused(changes).kind, Refusal::Kind::kChanged);
}

TEST_P(BatchTest, RefusesWhatSingleChangesAreRefusedFor) {
  auto twice = many();
  twice.push_back(SmallWorld::insert("parents", "p3", {{"name", "other"}}));
  EXPECT_EQ(refused(twice).kind, Refusal::Kind::kPrimaryKey);
  auto sameName = many();
  sameName.push_back(SmallWorld::insert("parents", "q", {{"name", "name699"}}));
  Refusal unique = refused(sameName);
  EXPECT_EQ(unique.kind, Refusal::Kind::kUnique);
  EXPECT_EQ(unique.fields, Json({{"name", "name699"}}));
  auto orphan = many();
  orphan.push_back(SmallWorld::insert("children", "c", {{"uses", {{"id", "nobody"}}}}));
  Refusal missing = refused(orphan);
  EXPECT_EQ(missing.kind, Refusal::Kind::kForeignMissing);
  EXPECT_EQ(missing.otherKind, "parents");
  std::vector<Change> early{SmallWorld::insert("children", "c", {{"uses", {{"id", "p5"}}}})};
  for (Change& change : many(20)) early.push_back(std::move(change));
  EXPECT_EQ(refused(early).kind, Refusal::Kind::kForeignMissing);
  EXPECT_EQ(store_->revision().value(), 0u);
  EXPECT_TRUE(store_->list("parents", {}).value().empty());
}

TEST_P(BatchTest, KeysChangeHandsWithinABatch) {
  SmallWorld::must(*store_, many(20));
  std::vector<Change> rotated;
  for (int i = 0; i < 20; ++i) {
    Change change = SmallWorld::insert("parents", "p" + std::to_string(i),
                                       {{"name", "name" + std::to_string((i + 1) % 20)}});
    change.op = Change::Op::kReplace;
    rotated.push_back(std::move(change));
  }
  Commit commit = SmallWorld::must(*store_, rotated);
  EXPECT_EQ(commit.changes[0].op, Change::Op::kReplace);
  EXPECT_EQ(store_->getByUnique("parents", "name", "name0").value()->at("id"), "p19");
}

TEST_P(BatchTest, BatchesAreOneTransaction) {
  auto done = store_->transactBatches(
      [&](const Store::WriteBatch& write) -> Status {
        if (Status first = write(many(100)); !first) return first;
        EXPECT_TRUE(store_->get("parents", "p7").value().has_value());  // what is written is seen
        return write({SmallWorld::insert("children", "c", {{"owner", {{"id", "p7"}}}})});
      },
      {"t", "r"});
  ASSERT_TRUE(std::holds_alternative<Revision>(done));
  EXPECT_EQ(std::get<Revision>(done), 1u);
  EXPECT_EQ(store_->changesSince(0).value()[0].changes.size(), 101u);
  auto failed = store_->transactBatches(
      [&](const Store::WriteBatch& write) -> Status {
        EXPECT_TRUE(write({SmallWorld::insert("parents", "new")}).ok());
        return Error::invalid("no more");
      },
      {"t", "r"});
  ASSERT_TRUE(std::holds_alternative<Refusal>(failed));
  EXPECT_FALSE(store_->get("parents", "new").value().has_value());
  auto refusedToo = store_->transactBatches(
      [&](const Store::WriteBatch& write) -> Status {
        Status first = write({SmallWorld::insert("parents", "new")});
        return first ? write({SmallWorld::insert("parents", "p1")}) : first;
      },
      {"t", "r"});
  EXPECT_EQ(std::get<Refusal>(refusedToo).kind, Refusal::Kind::kPrimaryKey);
  EXPECT_EQ(std::get<Revision>(store_->transactBatches(
                [](const Store::WriteBatch&) { return Status(); }, {"t", "r"})),
            0u);
  EXPECT_EQ(store_->revision().value(), 1u);
}

TEST_P(BatchTest, ManyAreReadInTheOrderAsked) {
  SmallWorld::must(*store_, many(100));
  auto docs = store_->getMany("parents", {"p70", "none", "p3", "p70"}).value();
  ASSERT_EQ(docs.size(), 4u);
  EXPECT_EQ((*docs[0])["name"], "name70");
  EXPECT_FALSE(docs[1].has_value());
  EXPECT_EQ((*docs[2])["name"], "name3");
  EXPECT_EQ((*docs[3])["name"], "name70");
}

INSTANTIATE_TEST_SUITE_P(Both, BatchTest, testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tollgate::store
