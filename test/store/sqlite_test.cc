#include <sys/stat.h>

#include <fstream>

#include "source/store/sql_list.h"
#include "source/store/sqlite/last_good.h"
#include "source/store/sqlite/last_good_reader.h"
#include "source/store/sqlite/sqlite_connection.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

mode_t modeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST(SqliteTest, KeepsTheFileToItsOwner) {
  SqliteDatabase database;
  auto store = database.open();
  EXPECT_EQ(modeOf(database.path()), 0600u);
}

TEST(SqliteTest, NamesAFileThatIsNoStore) {
  SqliteDatabase database;
  std::ofstream(database.path()) << std::string(10000, 'x');
  auto opened = openSqlite(database.path(), SmallWorld::keys());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(database.path()), std::string::npos);
}

TEST(SqliteTest, KeepsABoundedNumberOfStatements) {
  SqliteConnection connection(SqliteConnection::kMemory);
  ASSERT_TRUE(connection.open());
  ASSERT_TRUE(connection.execute("CREATE TABLE t (x TEXT)"));
  ASSERT_TRUE(connection.execute("INSERT INTO t (x) VALUES ('a'), ('b')"));
  // The outer statement runs while more come than are kept.
  std::vector<std::string> seen;
  Status outer = connection.query("SELECT x FROM t ORDER BY x", {}, [&](const SqlRow& row) {
    for (size_t i = 0; i < 2 * SqliteConnection::kStatements; ++i) {
      std::string found;
      ASSERT_TRUE(connection.query("SELECT x || '" + std::to_string(i) + "' FROM t WHERE x = $1",
                                   {row[0]}, [&](const SqlRow& own) { found = *own[0]; }));
      ASSERT_EQ(found, *row[0] + std::to_string(i));
    }
    seen.push_back(*row[0]);
  });
  ASSERT_TRUE(outer);
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
  EXPECT_LE(connection.prepared(), SqliteConnection::kStatements);
}

TEST(SqliteTest, ListsOfAllSizesAreOneStatement) {
  ListQuery query;
  query.tags = {"a"};
  query.limit = 1;
  const ListStatement one = listStatement("services", query);
  query.limit = 1000;
  query.tags = {"b"};
  query.afterId = "x";
  EXPECT_EQ(listStatement("services", query).sql, one.sql);
}

class LastGoodTest : public testing::Test {
 protected:
  std::unique_ptr<LastGood> open(const std::string& identity = "db1") {
    auto opened = LastGood::open(path(), identity);
    if (!opened) ADD_FAILURE() << opened.error().text();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  std::string path() const { return folder_.path(); }
  static std::vector<Entity> some(size_t count) {
    std::vector<Entity> out;
    for (size_t i = 0; i < count; ++i) {
      std::string id = std::to_string(i);
      out.push_back({"services", id, Json{{"id", id}, {"pad", std::string(200, 'p')}}});
    }
    return out;
  }
  static Status replaceAll(LastGood& copy, Revision revision, const std::vector<Entity>& entities,
                           const std::string& mark = {}) {
    copy.beginReplacement();
    for (const Entity& entity : entities) copy.keep(entity);
    return copy.endReplacement(revision, mark);
  }
  static Result<Revision> load(LastGood& copy, std::vector<std::string>& ids) {
    ids.clear();
    return copy.load([&](Entity entity) { ids.push_back(entity.id); });
  }

  SqliteDatabase folder_;
  std::vector<std::string> ids_;
};

TEST_F(LastGoodTest, CanBeReadAsAStoreWhileItIsWritten) {
  auto copy = open();
  auto reader = openLastGoodReader(path(), "db1", KeyExtractor::fromSchemas());
  EXPECT_EQ(reader->get("services", "a").error().kind, Error::Kind::kUnavailable);  // no copy yet
  const Json a = {{"id", "a"}, {"name", "one"}, {"tags", {"x", "y"}}};
  const Json b = {{"id", "b"}, {"name", "t\"w\"o"}, {"tags", {"y"}}};
  const Json c = {{"id", "c"}, {"name", nullptr}, {"tags", nullptr}};
  const Json r = {{"id", "r"}, {"service", {{"id", "b"}}}};
  ASSERT_TRUE(replaceAll(*copy, 7,
                         {{"services", "b", b},
                          {"services", "a", a},
                          {"services", "c", c},
                          {"routes", "r", r},
                          {"routes", "s", Json{{"id", "s"}, {"service", nullptr}}}}));
  EXPECT_EQ(reader->revision().value(), 7U);
  EXPECT_EQ(reader->get("services", "a").value(), a);
  EXPECT_EQ(reader->get("services", "z").value(), std::nullopt);
  EXPECT_EQ(reader->getByUnique("services", "name", "t\"w\"o").value(), b);
  EXPECT_EQ(reader->getByUnique("services", "name", "t").value(), std::nullopt);
  using Docs = std::vector<Json>;
  ListQuery query;
  EXPECT_EQ(reader->list("services", query).value(), (Docs{a, b, c}));
  query.limit = 1;
  query.afterId = "a";
  EXPECT_EQ(reader->list("services", query).value(), Docs{b});
  query = {};
  query.tags = {"x", "y"};
  EXPECT_EQ(reader->list("services", query).value(), Docs{a});
  query.allTags = false;
  EXPECT_EQ(reader->list("services", query).value(), (Docs{a, b}));
  query = {};
  query.anyTag = true;
  EXPECT_EQ(reader->list("services", query).value(), (Docs{a, b}));
  query = {};
  query.foreignField = "service";
  query.foreignId = "b";
  EXPECT_EQ(reader->list("routes", query).value(), Docs{r});
  ASSERT_TRUE(copy->apply({8, {{Change::Op::kDelete, "services", "a", nullptr}}}));
  EXPECT_EQ(reader->get("services", "a").value(), std::nullopt);
  auto done = reader->transact({}, {"admin", "x"});
  EXPECT_EQ(std::get<Refusal>(done).kind, Refusal::Kind::kUnavailable);
}

TEST_F(LastGoodTest, ACopyOfAnotherDatabaseGivesNothing) {
  ASSERT_TRUE(replaceAll(*open("db1"), 7, some(1)));
  auto reader = openLastGoodReader(path(), "db2", KeyExtractor::fromSchemas());
  EXPECT_EQ(reader->get("services", "0").error().kind, Error::Kind::kUnavailable);
}

TEST_F(LastGoodTest, GivesBackWhatItWasGivenOverAReopen) {
  EXPECT_EQ(load(*open(), ids_).error().kind, Error::Kind::kNotFound);
  ASSERT_TRUE(replaceAll(*open(), 7, some(3)));
  auto copy = open();
  EXPECT_EQ(load(*copy, ids_).value(), 7u);
  EXPECT_EQ(ids_.size(), 3u);
  ASSERT_TRUE(replaceAll(*copy, 9, some(1)));
  EXPECT_EQ(load(*copy, ids_).value(), 9u);
  EXPECT_EQ(ids_, std::vector<std::string>{"0"});
  EXPECT_EQ(modeOf(path()), 0600u);
  EXPECT_EQ(copy->notice(), "");
}

TEST_F(LastGoodTest, IsReplacedStepByStepOrNotAtAll) {
  auto copy = open();
  ASSERT_TRUE(replaceAll(*copy, 7, some(3)));
  copy->beginReplacement();
  for (const Entity& entity : some(1)) copy->keep(entity);
  copy->abandonReplacement();
  EXPECT_EQ(load(*copy, ids_).value(), 7u);
  EXPECT_EQ(ids_.size(), 3u);
  copy->beginReplacement();
  for (const Entity& entity : some(2)) copy->keep(entity);
  ASSERT_TRUE(copy->endReplacement(8));
  EXPECT_EQ(load(*open(), ids_).value(), 8u);
  EXPECT_EQ(ids_, (std::vector<std::string>{"0", "1"}));
}

TEST_F(LastGoodTest, FollowsCommitsOneByOneAndRefusesAGap) {
  auto copy = open();
  Commit commit{8, {SmallWorld::insert("services", "9"), SmallWorld::remove("services", "0")}};
  EXPECT_EQ(copy->apply(commit).error().kind, Error::Kind::kConflict);
  ASSERT_TRUE(replaceAll(*copy, 7, some(2)));
  ASSERT_TRUE(copy->apply(commit));
  ASSERT_TRUE(copy->apply(commit));  // once more does no harm
  commit.revision = 10;
  EXPECT_EQ(copy->apply(commit).error().kind, Error::Kind::kConflict);
  EXPECT_EQ(load(*copy, ids_).value(), 8u);
  std::sort(ids_.begin(), ids_.end());
  EXPECT_EQ(ids_, (std::vector<std::string>{"1", "9"}));
}

TEST_F(LastGoodTest, DoesNotUseTheCopyOfAnotherDatabase) {
  ASSERT_TRUE(replaceAll(*open("db1"), 7, some(2)));
  auto other = open("db2");
  auto loaded = load(*other, ids_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, Error::Kind::kNotFound);
  EXPECT_NE(loaded.error().message.find("another database"), std::string::npos);
  EXPECT_EQ(other->apply({8, {}}).error().kind, Error::Kind::kConflict);
  ASSERT_TRUE(replaceAll(*other, 1, some(1)));
  EXPECT_EQ(load(*open("db2"), ids_).value(), 1u);
}

TEST_F(LastGoodTest, HasAMarkWhereAStoreCanGoOnFromIt) {
  auto copy = open();
  EXPECT_EQ(copy->savedMark().value(), "");
  ASSERT_TRUE(replaceAll(*copy, 7, some(2), "token of 7"));
  EXPECT_EQ(open()->savedMark().value(), "token of 7");
  EXPECT_EQ(open("db2")->savedMark().value(), "") << "of another database";
  ASSERT_TRUE(copy->apply({8, {}}));
  EXPECT_EQ(copy->savedMark().value(), "") << "nobody knows that of 8";
  ASSERT_TRUE(copy->apply({9, {SmallWorld::insert("services", "9")}}, "token of 9"));
  EXPECT_EQ(open()->savedMark().value(), "token of 9");
  auto later = LastGood::open(path(), "db1", nullptr, "another program").value();
  EXPECT_EQ(later->savedMark().value(), "") << "what it would make of the documents is not known";
  EXPECT_EQ(load(*later, ids_).value(), 9u) << "without the store it is better than nothing";
  ASSERT_TRUE(later->apply({10, {}}, "token of 10"));
  EXPECT_EQ(later->savedMark().value(), "") << "most of it is as the other program made it";
  later->beginReplacement();
  ASSERT_TRUE(later->endReplacement(10, "token of 10"));
  EXPECT_EQ(later->savedMark().value(), "token of 10");
}

TEST_F(LastGoodTest, MovesADamagedFileAsideAndBeginsANewOne) {
  std::ofstream(path()) << std::string(10000, 'x');
  auto copy = open();
  ASSERT_TRUE(copy);
  EXPECT_NE(copy->notice().find(path() + ".damaged"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path() + ".damaged"));
  EXPECT_EQ(load(*copy, ids_).error().kind, Error::Kind::kNotFound);
  ASSERT_TRUE(replaceAll(*copy, 3, some(1)));
  EXPECT_EQ(load(*open(), ids_).value(), 3u);
  EXPECT_EQ(modeOf(path()), 0600u);
}

TEST_F(LastGoodTest, SurvivesDamageAnywhereInTheFile) {
  for (size_t at = 0; at < 40; ++at) {
    std::filesystem::remove(path());
    ASSERT_TRUE(replaceAll(*open(), 5, some(100)));
    auto size = std::filesystem::file_size(path());
    {
      std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(size * at / 40));
      file << std::string(300, static_cast<char>(at * 7));
    }
    auto copy = open();
    ASSERT_TRUE(copy);
    if (auto loaded = load(*copy, ids_); !loaded) {
      EXPECT_EQ(loaded.error().kind, Error::Kind::kNotFound) << loaded.error().text();
      EXPECT_NE(copy->notice(), "");
    }
    if (Status first = replaceAll(*copy, 6, some(2)); !first) {
      // Only for damage where it wrote, which it tells; then the file is new.
      EXPECT_NE(first.error().text().find("it was moved to"), std::string::npos)
          << first.error().text();
      EXPECT_EQ(load(*copy, ids_).error().kind, Error::Kind::kNotFound);
      ASSERT_TRUE(replaceAll(*copy, 6, some(2))) << at;
    }
    EXPECT_EQ(load(*open(), ids_).value(), 6u);
  }
}

TEST_F(LastGoodTest, TellsOfDamageThatCameWhileItWasOpenAndBeginsANewFile) {
  ASSERT_TRUE(replaceAll(*open(), 5, some(20000)));  // more than SQLite holds in memory
  auto copy = open();
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 2);
    auto rest = std::filesystem::file_size(path()) - 4096 * 2;
    file << std::string(rest, '\x7f');
  }
  Status first = replaceAll(*copy, 6, some(2));
  ASSERT_FALSE(first);
  EXPECT_NE(first.error().text().find("it was moved to " + path() + ".damaged"), std::string::npos)
      << first.error().text();
  EXPECT_EQ(load(*copy, ids_).error().kind, Error::Kind::kNotFound);
  ASSERT_TRUE(replaceAll(*copy, 6, some(2)));
  EXPECT_EQ(load(*open(), ids_).value(), 6u);
}

TEST_F(LastGoodTest, NamesAFolderThatIsNotThere) {
  auto opened = LastGood::open("/nonexistent/folder/copy.db", "");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("/nonexistent/folder/copy.db"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::store
