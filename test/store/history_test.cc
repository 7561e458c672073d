#include "source/store/history.h"

#include <sqlite3.h>

#include <map>
#include <string>

#include "source/store/sql_store.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

/// Runs SQL on a database beside the stores, as a person would.
class Hand {
 public:
  explicit Hand(Database& database)
      : sqlite_(dynamic_cast<SqliteDatabase*>(&database)),
        postgres_(dynamic_cast<PostgresDatabase*>(&database)) {}
  void run(const std::string& sql) {
    if (postgres_ != nullptr) {
      test::PostgresServer::shared().psql("SET search_path TO " + postgres_->settings.schema +
                                          "; " + sql);
      return;
    }
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(sqlite_->path().c_str(), &db), SQLITE_OK);
    char* problem = nullptr;
    sqlite3_exec(db, "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr);
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &problem);
    EXPECT_EQ(problem, nullptr) << problem;
    sqlite3_close(db);
  }

 private:
  SqliteDatabase* sqlite_;
  PostgresDatabase* postgres_;
};

class HistoryTest : public testing::TestWithParam<std::string>, protected SmallWorld {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres" && !test::PostgresServer::available())
      GTEST_SKIP() << "no Postgres";
    database_ = Database::make(GetParam());
    store_ = database_->open();
    ASSERT_TRUE(store_);
  }
  Commit must(std::vector<Change> changes) { return SmallWorld::must(*store_, std::move(changes)); }
  void writeMany(Revision first, Revision last) {
    for (Revision i = first; i <= last; ++i) must({insert("parents", std::to_string(i))});
  }
  History& history() { return *store_->history(); }
  void hand(const std::string& sql) { Hand(*database_).run(sql); }
  Refusal refused(std::vector<Change> changes) {
    auto result = store_->transact(std::move(changes), {});
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal();
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Both, HistoryTest, testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return info.param; });

TEST_P(HistoryTest, TellsWhoWhenWhyFromWhereAndWhat) {
  auto done = store_->transact({insert("parents", "1"), insert("children", "c")},
                               {"anna", "a new house", "10.0.0.1"});
  ASSERT_TRUE(std::holds_alternative<Commit>(done));
  must({insert("parents", "2")});
  auto entries = history().list(0, 10).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].revision, 2u);
  const History::Entry& first = entries[1];
  EXPECT_EQ(first.reason.actor, "anna");
  EXPECT_EQ(first.reason.text, "a new house");
  EXPECT_EQ(first.reason.address, "10.0.0.1");
  EXPECT_EQ(first.changes, 2u);
  EXPECT_EQ(first.kinds, (std::map<std::string, size_t>{{"children", 1}, {"parents", 1}}));
  EXPECT_NEAR(static_cast<double>(first.atMillis) / 1000, static_cast<double>(time(nullptr)), 600);
  EXPECT_EQ(history().list(2, 10).value().size(), 1u);
  EXPECT_EQ(history().list(0, 1).value().size(), 1u);
  EXPECT_EQ(history().entry(1).value().changes, 2u);
  EXPECT_EQ(history().entry(3).error().kind, Error::Kind::kNotFound);
}

TEST_P(HistoryTest, KeepsBeforeAndAfter) {
  must({insert("parents", "1", {{"name", "a"}})});
  must({{Change::Op::kReplace, "parents", "1", {{"id", "1"}, {"name", "b"}}}});
  must({remove("parents", "1")});
  auto created = history().changes(1, 0, 10).value();
  ASSERT_EQ(created.size(), 1u);
  EXPECT_FALSE(created[0].before);
  EXPECT_EQ((*created[0].after)["name"], "a");
  auto changed = history().changes(2, 0, 10).value();
  EXPECT_EQ((*changed[0].before)["name"], "a");
  EXPECT_EQ((*changed[0].after)["name"], "b");
  auto deleted = history().changes(3, 0, 10).value();
  EXPECT_EQ((*deleted[0].before)["name"], "b");
  EXPECT_FALSE(deleted[0].after);
  EXPECT_TRUE(history().changes(1, 1, 10).value().empty());
  auto later = history().changedLater(1, 10).value();
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].revision, 2u);
  EXPECT_TRUE(history().changedLater(3, 10).value().empty());
}

TEST_P(HistoryTest, GivesANodeThatIsFarBehindItsChangesPageByPage) {
  auto late = database_->open();
  ASSERT_TRUE(late->load([](Entity) {}));
  std::vector<Change> many;
  for (size_t i = 0; i < Store::kPageChanges - 1; ++i) {
    many.push_back(insert("parents", "m" + std::to_string(i)));
  }
  must(many);
  writeMany(1, 2);
  auto first = late->changesSince(0).value();
  ASSERT_EQ(first.size(), 2u);  // with the second revision the page is full
  EXPECT_TRUE(Store::isFullPage(first));
  auto second = late->changesSince(first.back().revision).value();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_FALSE(Store::isFullPage(second));
  EXPECT_TRUE(late->changesSince(second.back().revision).value().empty());
}

/// "9" sorts behind "10" as text, which is how Postgres once put the changes in order.
TEST_P(HistoryTest, GivesChangesInTheOrderOfNumbers) {
  writeMany(1, 12);
  auto late = database_->open();
  auto page = late->changesSince(0).value();
  ASSERT_EQ(page.size(), 12u);
  for (size_t i = 0; i < page.size(); ++i) EXPECT_EQ(page[i].revision, i + 1);
  EXPECT_EQ(history().list(0, 3).value()[0].revision, 12u);
}

TEST_P(HistoryTest, PrunesInStepsDownToTheNewest) {
  writeMany(1, 8);
  auto late = database_->open();
  ASSERT_TRUE(late->changesSince(0));
  EXPECT_FALSE(history().prune({.revisions = 3, .days = 0}).value());
  auto left = history().list(0, 10).value();
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(left.back().revision, 6u);
  EXPECT_EQ(history().entry(5).error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(store_->changesSince(4).error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(store_->changesSince(5).value().size(), 3u);
  hand("UPDATE revisions SET at = '1000'");
  ASSERT_TRUE(history().prune({.revisions = 0, .days = 30}));
  EXPECT_EQ(history().list(0, 10).value().size(), 1u);  // the newest says what the revision is
  EXPECT_EQ(store_->revision().value(), 8u);
  EXPECT_EQ(must({insert("parents", "9")}).revision, 9u);
}

TEST_P(HistoryTest, NobodyReadsARevisionOfWhichHalfIsPruned) {
  std::vector<Change> many;
  for (size_t i = 0; i < History::kPruneAtOnce + 10; ++i) {
    many.push_back(insert("parents", "m" + std::to_string(i)));
  }
  must(many);
  writeMany(1, 3);
  EXPECT_TRUE(history().prune({.revisions = 1, .days = 0}).value());  // there is more to do
  EXPECT_EQ(store_->changesSince(0).error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(history().entry(1).error().kind, Error::Kind::kNotFound);
  EXPECT_TRUE(history().changes(1, 0, 10).value().empty());
  EXPECT_FALSE(history().prune({.revisions = 1, .days = 0}).value());
  EXPECT_EQ(history().list(0, 10).value().size(), 1u);
}

TEST_P(HistoryTest, RefusesToGoBackWhereTheDatabaseLostRevisions) {
  writeMany(1, 3);
  hand("DELETE FROM revisions WHERE revision > 1; DELETE FROM entities WHERE id > '1'");
  EXPECT_EQ(store_->changesSince(3).error().kind, Error::Kind::kConflict);
  Refusal refusal = refused({insert("parents", "x")});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kUnavailable);
  EXPECT_NE(refusal.message.find("behind"), std::string::npos) << refusal.message;
  // Another node, which never was at 3, writes past it: the numbers are the same, the history not.
  auto other = database_->open();
  ASSERT_TRUE(other->load([](Entity) {}));
  SmallWorld::must(*other, {insert("parents", "a")});
  SmallWorld::must(*other, {insert("parents", "b")});
  EXPECT_EQ(store_->changesSince(3).error().kind, Error::Kind::kNotFound);
  SmallWorld::must(*other, {insert("parents", "c")});
  EXPECT_EQ(store_->changesSince(3).error().kind, Error::Kind::kNotFound);
  auto own = store_->transact({insert("parents", "d")}, {});
  EXPECT_FALSE(std::get<Commit>(own).follows);
  ASSERT_EQ(store_->load([](Entity) {}).value(), 5u);
  EXPECT_TRUE(store_->changesSince(5).value().empty());
}

TEST_P(HistoryTest, AdvancesPastWhatNodesRun) {
  writeMany(1, 2);
  EXPECT_EQ(history().advance(40, {"anna", "failed over"}).value(), 41u);
  EXPECT_EQ(history().advance(10, {}).value(), 42u);
  auto late = store_->changesSince(2).value();
  ASSERT_EQ(late.size(), 2u);
  EXPECT_TRUE(late[0].changes.empty());
  EXPECT_EQ(history().entry(41).value().changes, 0u);
}

TEST_P(HistoryTest, ChangesOnlyWhatIsStillAsExpected) {
  must({insert("parents", "1", {{"name", "a"}})});
  Json now = store_->get("parents", "1").value().value();
  Change stale = {Change::Op::kReplace, "parents", "1", {{"id", "1"}, {"name", "c"}}};
  stale.expected = Json{{"id", "1"}, {"name", "b"}};
  EXPECT_EQ(refused({stale}).kind, Refusal::Kind::kChanged);
  stale.op = Change::Op::kDelete;
  EXPECT_EQ(refused({stale}).kind, Refusal::Kind::kChanged);
  stale.expected = Json();
  EXPECT_EQ(refused({stale}).kind, Refusal::Kind::kChanged);
  Change absent = insert("parents", "2");
  absent.expected = Json();
  must({absent});
  stale.expected = now;
  must({stale});
}

TEST_P(HistoryTest, AnExactDeletionTakesNobodyAlong) {
  must({insert("parents", "1"), insert("children", "c", {{"owner", {{"id", "1"}}}})});
  Change exact = remove("parents", "1");
  exact.exact = true;
  EXPECT_EQ(refused({exact}).kind, Refusal::Kind::kReferenced);
  must({remove("children", "c"), exact});
}

TEST_P(HistoryTest, LeavesOutARowThatIsNotJsonAndNothingElse) {
  must({insert("parents", "1", {{"name", "a"}}), insert("parents", "2"), insert("parents", "3")});
  hand("UPDATE entities SET doc = '{\"id\":' WHERE id = '2'");
  size_t loaded = 0;
  ASSERT_TRUE(store_->load([&](Entity) { ++loaded; }));
  EXPECT_EQ(loaded, 2u);
  auto left = store_->unreadable();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, "2");
  EXPECT_EQ(store_->get("parents", "2").error().kind, Error::Kind::kInternal);
  auto all = store_->list("parents", {}).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(isUnreadable(all[1]));
  EXPECT_EQ(all[1]["id"], "2");
  hand("UPDATE changes SET after = '[' WHERE id = '3'");
  auto changes = store_->changesSince(0).value();
  EXPECT_EQ(changes[0].changes.size(), 2u);
  EXPECT_EQ(store_->unreadable().at(0).id, "3");
  EXPECT_TRUE(history().changes(1, 2, 1).value().at(0).unreadable);
  must({{Change::Op::kReplace, "parents", "2", {{"id", "2"}}}, remove("parents", "3")});
  EXPECT_TRUE(store_->get("parents", "2").value());
}

TEST_P(HistoryTest, NamesEveryPluginHoweverManyRowsAreNotJson) {
  std::vector<Change> changes;
  for (int i = 0; i < 1100; ++i) changes.push_back(insert("parents", std::to_string(i)));
  for (int i = 0; i < 3; ++i) changes.push_back(insert("plugins", std::to_string(i)));
  must(std::move(changes));
  hand("UPDATE entities SET doc = ''");
  ASSERT_TRUE(store_->load([](Entity) {}));
  std::map<std::string, int> named;
  for (const Unreadable& row : store_->unreadable()) ++named[row.kind];
  EXPECT_GE(named["parents"], 997);
  EXPECT_LE(named["parents"], 1000);
  EXPECT_EQ(named["plugins"], 3);
}

TEST_P(HistoryTest, KnowsTheReferencesOfARowThatIsNotJson) {
  must({insert("parents", "1"), insert("children", "c", {{"owner", {{"id", "1"}}}})});
  hand("UPDATE entities SET doc = '' WHERE id = 'c'");
  ASSERT_TRUE(store_->load([](Entity) {}));
  ASSERT_EQ(store_->unreadable().size(), 1u);
  EXPECT_EQ(store_->unreadable()[0].known, Json({{"id", "c"}, {"owner", {{"id", "1"}}}}));
}

TEST(SqliteSteps, BringAFileOfAnOlderProgramUpToDate) {
  SqliteDatabase database;
  {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database.path().c_str(), &db), SQLITE_OK);
    std::string sql;
    for (const auto& step : SqlStore::schema()) {
      if (step.name > "002_counters") continue;
      for (const std::string& statement : step.statements) sql += statement + ";";
    }
    sql += "INSERT INTO revisions (revision, at, actor, reason) VALUES (7, '0', 'me', 'old')";
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }
  for (int i = 0; i < 2; ++i) {
    auto store = database.open();
    ASSERT_TRUE(store);
    EXPECT_EQ(store->revision().value(), 7u);
    EXPECT_EQ(store->history()->entry(7).value().reason.address, "");
  }
}

}  // namespace
}  // namespace tollgate::store
