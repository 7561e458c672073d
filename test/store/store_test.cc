#include "source/store/store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "test/store/support.h"

namespace tollgate::store {
namespace {

class StoreTest : public testing::TestWithParam<std::string>, protected SmallWorld {
 protected:
  void SetUp() override {
    if (GetParam() == "postgres" && !test::PostgresServer::available())
      GTEST_SKIP() << "no Postgres";
    database_ = Database::make(GetParam());
    reopen();
  }
  void reopen() {
    store_.reset();
    store_ = database_->open();
    ASSERT_TRUE(store_);
  }
  Commit must(std::vector<Change> changes) { return SmallWorld::must(*store_, std::move(changes)); }
  Refusal refused(std::vector<Change> changes) {
    auto result = store_->transact(std::move(changes), {});
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal();
  }
  size_t count(std::string_view kind) { return store_->list(kind, {}).value().size(); }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Both, StoreTest, testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return info.param; });

TEST_P(StoreTest, KeepsWhatItAcknowledgedOverAReopen) {
  EXPECT_EQ(must({insert("parents", "1", {{"name", "a"}})}).revision, 1u);
  reopen();
  auto doc = store_->getByUnique("parents", "name", "a").value();
  ASSERT_TRUE(doc);
  EXPECT_EQ((*doc)["id"], "1");
  EXPECT_EQ(store_->revision().value(), 1u);
  EXPECT_FALSE(store_->get("parents", "2").value());
}

TEST_P(StoreTest, DoesAllOrNothing) {
  must({insert("parents", "1", {{"name", "a"}})});
  Refusal refusal =
      refused({insert("parents", "2", {{"name", "b"}}), insert("parents", "3", {{"name", "a"}})});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kUnique);
  EXPECT_EQ(refusal.fields, (Json{{"name", "a"}}));
  EXPECT_EQ(count("parents"), 1u);
  EXPECT_EQ(store_->revision().value(), 1u);
}

TEST_P(StoreTest, NamesEveryReasonToRefuse) {
  must({insert("parents", "1"), insert("children", "c", {{"uses", {{"id", "1"}}}})});
  EXPECT_EQ(refused({insert("parents", "1")}).kind, Refusal::Kind::kPrimaryKey);
  Refusal dangling = refused({insert("children", "d", {{"owner", {{"id", "9"}}}})});
  EXPECT_EQ(dangling.kind, Refusal::Kind::kForeignMissing);
  EXPECT_EQ(dangling.fields, (Json{{"owner", {{"id", "9"}}}}));
  EXPECT_EQ(dangling.otherKind, "parents");
  Refusal referenced = refused({remove("parents", "1")});
  EXPECT_EQ(referenced.kind, Refusal::Kind::kReferenced);
  EXPECT_EQ(referenced.otherKind, "children");
  EXPECT_EQ(refused({remove("parents", "7")}).kind, Refusal::Kind::kNotFound);
}

TEST_P(StoreTest, CascadesAndTellsWhatWentWithIt) {
  must({insert("parents", "1"), insert("children", "a", {{"owner", {{"id", "1"}}}}),
        insert("children", "b", {{"owner", {{"id", "1"}}}})});
  Commit commit = must({remove("parents", "1")});
  ASSERT_EQ(commit.changes.size(), 3u);
  EXPECT_EQ(commit.changes.back().kind, "parents");
  EXPECT_EQ(count("children"), 0u);
}

TEST_P(StoreTest, AReplacementFreesItsOldKeys) {
  must({insert("parents", "1", {{"name", "a"}})});
  Change change = insert("parents", "1", {{"name", "b"}});
  change.op = Change::Op::kReplace;
  must({change});
  must({insert("parents", "2", {{"name", "a"}})});
  EXPECT_EQ(count("parents"), 2u);
}

TEST_P(StoreTest, GivesTheChangesSinceARevision) {
  must({insert("parents", "1")});
  must({insert("parents", "2"), insert("parents", "3")});
  must({remove("parents", "2")});
  auto commits = store_->changesSince(1).value();
  ASSERT_EQ(commits.size(), 2u);
  EXPECT_EQ(commits[0].changes.size(), 2u);
  EXPECT_EQ(commits[0].changes[0].op, Change::Op::kInsert);
  EXPECT_EQ(commits[1].changes[0].op, Change::Op::kDelete);
  EXPECT_TRUE(store_->changesSince(3).value().empty());
}

TEST_P(StoreTest, GoesOnFromWhatAnEarlierProcessWasHandedOut) {
  const Revision first = must({insert("parents", "1")}).revision;
  const std::string mark = store_->mark();
  EXPECT_NE(mark, "");
  must({insert("parents", "2")});
  const std::string newest = store_->mark();
  EXPECT_NE(newest, mark);
  reopen();
  store_->resume(first, mark);
  auto commits = store_->changesSince(first).value();
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(commits[0].changes[0].id, "2");
  EXPECT_EQ(store_->mark(), newest);
  EXPECT_TRUE(must({insert("parents", "3")}).follows);
  reopen();
  store_->resume(first, "of another history");
  EXPECT_EQ(store_->changesSince(first).error().kind, Error::Kind::kNotFound);
  EXPECT_TRUE(store_->load([](Entity) {}));
  EXPECT_TRUE(must({insert("parents", "4")}).follows);
}

TEST_P(StoreTest, PagesInTheOrderOfIds) {
  std::vector<Change> changes;
  for (int i = 0; i < 25; ++i) changes.push_back(insert("parents", "id" + std::to_string(100 + i)));
  must(std::move(changes));
  ListQuery query;
  query.limit = 10;
  std::vector<std::string> ids;
  while (true) {
    auto page = store_->list("parents", query).value();
    for (const Json& doc : page) ids.push_back(doc["id"].get<std::string>());
    if (page.size() < query.limit) break;
    query.afterId = ids.back();
  }
  EXPECT_EQ(ids.size(), 25u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_P(StoreTest, FiltersByTagsAndByReference) {
  must({insert("parents", "1", {{"tags", {"a", "b"}}}), insert("parents", "2", {{"tags", {"b"}}}),
        insert("children", "c", {{"owner", {{"id", "2"}}}})});
  ListQuery both;
  both.tags = {"a", "b"};
  EXPECT_EQ(store_->list("parents", both).value().size(), 1u);
  both.allTags = false;
  EXPECT_EQ(store_->list("parents", both).value().size(), 2u);
  ListQuery owned;
  owned.foreignField = "owner";
  owned.foreignId = "2";
  EXPECT_EQ(store_->list("children", owned).value().size(), 1u);
  owned.foreignId = "1";
  EXPECT_TRUE(store_->list("children", owned).value().empty());
}

TEST_P(StoreTest, CombinesTagsReferencesAndPages) {
  must({insert("parents", "p")});
  std::vector<Change> changes;
  for (int i = 10; i < 40; ++i) {
    Json tags = Json::array();
    for (int of : {2, 3, 5}) {
      if (i % of == 0) tags.push_back("t" + std::to_string(of));
    }
    Json doc = {{"tags", std::move(tags)}};
    if (i % 4 == 0) doc["owner"] = {{"id", "p"}};
    changes.push_back(insert("children", std::to_string(i), std::move(doc)));
  }
  must(std::move(changes));
  for (int variant = 0; variant < 24; ++variant) {
    ListQuery query;
    query.limit = 3;
    bool owned = variant % 2 == 1;
    if (owned) query.foreignField = "owner", query.foreignId = "p";
    query.allTags = variant / 2 % 2 == 1;
    query.anyTag = variant / 4 % 2 == 1;
    if (variant / 8 > 0) query.tags.push_back("t2");
    if (variant / 8 > 1) query.tags.push_back("t3");
    std::vector<std::string> expected, found;
    for (int i = 10; i < 40; ++i) {
      bool two = i % 2 == 0, three = i % 3 == 0;
      bool tagged = variant / 8 == 0   ? !query.anyTag || two || three || i % 5 == 0
                    : variant / 8 == 1 ? two
                    : query.allTags    ? two && three
                                       : two || three;
      if (tagged && (!owned || i % 4 == 0)) expected.push_back(std::to_string(i));
    }
    while (true) {
      auto page = store_->list("children", query);
      ASSERT_TRUE(page) << page.error().text();
      for (const Json& doc : *page) found.push_back(doc["id"].get<std::string>());
      if (page->size() < query.limit) break;
      query.afterId = found.back();
    }
    EXPECT_EQ(found, expected) << "variant " << variant;
  }
}

TEST_P(StoreTest, LosesNoAcknowledgedWriteWhenTheWriterIsKilled) {
  store_.reset();
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  pid_t child = fork();
  if (child == 0) {
    auto store = database_->open();
    for (int i = 0;; ++i) {
      auto result = store->transact({insert("parents", "id" + std::to_string(i))}, {});
      if (!std::holds_alternative<Commit>(result)) _exit(1);
      if (write(pipes[1], "x", 1) != 1) _exit(1);
    }
  }
  size_t acknowledged = 0;
  char byte;
  while (acknowledged < 20 && read(pipes[0], &byte, 1) == 1) ++acknowledged;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(pipes[1]);
  while (read(pipes[0], &byte, 1) == 1) ++acknowledged;
  close(pipes[0]);
  reopen();
  size_t found = 0;
  for (size_t i = 0; i < acknowledged; ++i) {
    found += store_->get("parents", "id" + std::to_string(i)).value().has_value();
  }
  EXPECT_EQ(found, acknowledged);
  EXPECT_GE(store_->revision().value(), acknowledged);
}

TEST_P(StoreTest, LoadsEverythingAtOneRevision) {
  EXPECT_EQ(store_->load([](Entity) { FAIL() << "an empty store"; }).value(), 0u);
  must({insert("parents", "1", {{"name", "a"}}), insert("parents", "2")});
  must({remove("parents", "2")});
  std::vector<std::string> ids;
  EXPECT_EQ(store_->load([&](Entity entity) { ids.push_back(entity.id); }).value(), 2u);
  EXPECT_EQ(ids, (std::vector<std::string>{"1"}));
}

TEST_P(StoreTest, KeepsTextOfAnyLanguageAndFindsNothingForDamagedText) {
  must({insert("parents", "1", {{"name", "Straße ' \" \\ 東京"}})});
  EXPECT_TRUE(store_->getByUnique("parents", "name", "Straße ' \" \\ 東京").value());
  for (std::string_view damaged : {std::string_view("\xff"), std::string_view("a\0b", 3),
                                   std::string_view("\xed\xa0\x80"), std::string_view("\xe4")}) {
    EXPECT_FALSE(store_->getByUnique("parents", "name", damaged).value());
    EXPECT_FALSE(store_->get("parents", damaged).value());
    ListQuery query;
    query.tags = {std::string(damaged)};
    EXPECT_TRUE(store_->list("parents", query).value().empty());
  }
}

TEST_P(StoreTest, TakesAnImportOfManyEntitiesAsOneRevision) {
  std::vector<Change> changes;
  for (int i = 0; i < 1234; ++i) {
    std::string id = std::to_string(i);
    changes.push_back(insert("parents", id, {{"name", "n" + id}, {"tags", {"t"}}}));
  }
  Commit commit = must(changes);
  EXPECT_EQ(commit.revision, 1u);
  auto commits = store_->changesSince(0).value();
  ASSERT_EQ(commits.size(), 1u);
  ASSERT_EQ(commits[0].changes.size(), changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    ASSERT_EQ(commits[0].changes[i].id, changes[i].id);
    ASSERT_EQ(commits[0].changes[i].doc, changes[i].doc);
  }
}

TEST_P(StoreTest, NumbersTheWritesOfSeveralWritersWithoutAGap) {
  constexpr int kWrites = 25;
  std::vector<std::thread> writers;
  std::vector<std::vector<Revision>> revisions(3);
  for (size_t w = 0; w < revisions.size(); ++w) {
    writers.emplace_back([&, w] {
      auto store = database_->open();
      for (int i = 0; i < kWrites; ++i) {
        Commit commit = SmallWorld::must(
            *store, {insert("parents", std::to_string(w) + "-" + std::to_string(i))});
        revisions[w].push_back(commit.revision);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  std::set<Revision> all;
  for (const auto& own : revisions) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), 3u * kWrites);
  EXPECT_EQ(*all.begin(), 1u);
  EXPECT_EQ(*all.rbegin(), 3u * kWrites);
}

/// A window that began a moment (`ago`, in minutes, if given) before the test.
CounterKey counter(std::string who, std::string period = "minute", int64_t ago = 0) {
  static const int64_t kNow = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
  return {std::move(who), std::move(period), "service", "route", kNow - ago * 60'000, 60};
}

TEST_P(StoreTest, CountsAllCountersOrNone) {
  auto both = std::vector{counter("ann"), counter("ann", "hour")};
  EXPECT_EQ(store_->takeCounters(both, {2, 5}).value(), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(store_->takeCounters({counter("ann", "hour")}, {5}).value(), std::vector<int64_t>{1});
  EXPECT_EQ(store_->takeCounters(both, {2, 5}).value(), (std::vector<int64_t>{1, 2}));
  for (int i = 0; i < 2; ++i) {  // refused calls do not count
    EXPECT_EQ(store_->takeCounters(both, {2, 5}).value(), (std::vector<int64_t>{2, 3}));
  }
  EXPECT_EQ(store_->takeCounters({counter("bob")}, {2}).value(), std::vector<int64_t>{0});
  EXPECT_EQ(store_->takeCounters({counter("ann", "minute", 1)}, {2}).value(),
            std::vector<int64_t>{0});
  EXPECT_EQ(store_->revision().value(), 0u);
}

TEST_P(StoreTest, ForgetsCountersOfWindowsLongPast) {
  auto old = counter("old", "minute", 60), now = counter("now");
  EXPECT_EQ(store_->takeCounters({old, now}, {5, 5}).value(), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(store_->takeCounters({old, now}, {5, 5}).value(), (std::vector<int64_t>{0, 1}));
}

TEST_P(StoreTest, RefusesCountersThatDoNotFit) {
  EXPECT_EQ(store_->takeCounters({counter("a"), counter("a")}, {1, 1}).error().kind,
            Error::Kind::kInvalid);
  EXPECT_EQ(store_->takeCounters({counter("a")}, {}).error().kind, Error::Kind::kInvalid);
  EXPECT_TRUE(store_->takeCounters({}, {}).value().empty());
}

TEST_P(StoreTest, CountsExactlyWhenTwoConnectionsRace) {
  constexpr int64_t kLimit = 60;
  std::vector<std::multiset<int64_t>> taken(2);
  std::vector<std::thread> takers;
  for (size_t t = 0; t < taken.size(); ++t) {
    takers.emplace_back([&, t] {
      auto store = database_->open();
      // Named in opposite orders: a deadlock, if the order of locking were the caller's.
      std::vector<CounterKey> keys = {counter("x"), counter("y")};
      if (t == 1) std::swap(keys[0], keys[1]);
      for (int i = 0; i < 50; ++i) {
        auto usages = store->takeCounters(keys, {kLimit, kLimit});
        if (!usages) {
          ADD_FAILURE() << usages.error().text();
        } else if ((*usages)[0] < kLimit && (*usages)[1] < kLimit) {
          taken[t].insert((*usages)[0]);
        }
      }
    });
  }
  for (auto& taker : takers) taker.join();
  std::multiset<int64_t> all = taken[0];
  all.insert(taken[1].begin(), taken[1].end());
  ASSERT_EQ(all.size(), static_cast<size_t>(kLimit));
  int64_t expected = 0;
  for (int64_t usage : all) EXPECT_EQ(usage, expected++);
}

}  // namespace
}  // namespace tollgate::store
