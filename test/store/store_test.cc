#include "source/store/store.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::store {
namespace {

/// Kinds of a small world: "parents" with unique names; "children" refer to one, with a cascade if the
/// field is "owner" and a restriction if it is "uses".
KeyExtractor keys() {
  KeyExtractor keys;
  keys.uniqueKeys = [](std::string_view, const Json& doc) {
    std::vector<schema::UniqueKey> out;
    if (doc.value("name", Json()).is_string()) {
      out.push_back({"name", doc["name"], Json{{"name", doc["name"]}}});
    }
    return out;
  };
  keys.foreignKeys = [](std::string_view, const Json& doc) {
    std::vector<schema::ForeignKey> out;
    for (const char* field : {"owner", "uses"}) {
      if (!doc.contains(field)) continue;
      auto onDelete = std::string(field) == "owner" ? schema::ForeignKey::OnDelete::kCascade
                                                    : schema::ForeignKey::OnDelete::kRestrict;
      out.push_back({field, "parents", doc[field]["id"], onDelete});
    }
    return out;
  };
  return keys;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = testing::TempDir() + "store.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    reopen();
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void reopen() {
    store_.reset();
    auto opened = openSqlite(path(), keys());
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(opened).value();
  }
  std::string path() const { return folder_ + "/tollgate.db"; }

  static Change insert(std::string kind, std::string id, Json doc = Json::object()) {
    doc["id"] = id;
    return {Change::Op::kInsert, std::move(kind), std::move(id), std::move(doc)};
  }
  static Change remove(std::string kind, std::string id) {
    return {Change::Op::kDelete, std::move(kind), std::move(id), nullptr};
  }
  Commit must(std::vector<Change> changes) {
    auto result = store_->transact(std::move(changes), {"tester", "because"});
    if (auto* refusal = std::get_if<Refusal>(&result)) {
      ADD_FAILURE() << "refused: " << refusal->message << refusal->fields.dump();
      return {};
    }
    return std::get<Commit>(result);
  }
  Refusal refused(std::vector<Change> changes) {
    auto result = store_->transact(std::move(changes), {});
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal();
  }
  size_t count(std::string_view kind) { return store_->list(kind, {}).value().size(); }

  std::string folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, KeepsWhatItAcknowledgedOverAReopen) {
  EXPECT_EQ(must({insert("parents", "1", {{"name", "a"}})}).revision, 1u);
  reopen();
  auto doc = store_->getByUnique("parents", "name", "a").value();
  ASSERT_TRUE(doc);
  EXPECT_EQ((*doc)["id"], "1");
  EXPECT_EQ(store_->revision().value(), 1u);
  EXPECT_FALSE(store_->get("parents", "2").value());
}

TEST_F(StoreTest, DoesAllOrNothing) {
  must({insert("parents", "1", {{"name", "a"}})});
  Refusal refusal = refused({insert("parents", "2", {{"name", "b"}}),
                             insert("parents", "3", {{"name", "a"}})});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kUnique);
  EXPECT_EQ(refusal.fields, (Json{{"name", "a"}}));
  EXPECT_EQ(count("parents"), 1u);
  EXPECT_EQ(store_->revision().value(), 1u);
}

TEST_F(StoreTest, NamesEveryReasonToRefuse) {
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

TEST_F(StoreTest, CascadesAndTellsWhatWentWithIt) {
  must({insert("parents", "1"), insert("children", "a", {{"owner", {{"id", "1"}}}}),
        insert("children", "b", {{"owner", {{"id", "1"}}}})});
  Commit commit = must({remove("parents", "1")});
  ASSERT_EQ(commit.changes.size(), 3u);
  EXPECT_EQ(commit.changes.back().kind, "parents");
  EXPECT_EQ(count("children"), 0u);
}

TEST_F(StoreTest, AReplacementFreesItsOldKeys) {
  must({insert("parents", "1", {{"name", "a"}})});
  Change change = insert("parents", "1", {{"name", "b"}});
  change.op = Change::Op::kReplace;
  must({change});
  must({insert("parents", "2", {{"name", "a"}})});
  EXPECT_EQ(count("parents"), 2u);
}

TEST_F(StoreTest, GivesTheChangesSinceARevision) {
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

TEST_F(StoreTest, PagesInTheOrderOfIds) {
  std::vector<Change> changes;
  for (int i = 0; i < 25; ++i) changes.push_back(insert("parents", "id" + std::to_string(100 + i)));
  must(std::move(changes));
  ListQuery query;
  query.limit = 10;
  std::vector<std::string> ids;
  while (true) {
    auto page = store_->list("parents", query).value();
    for (const Json& doc : page) ids.push_back(doc["id"]);
    if (page.size() < query.limit) break;
    query.afterId = ids.back();
  }
  EXPECT_EQ(ids.size(), 25u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(StoreTest, FiltersByTagsAndByReference) {
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

TEST_F(StoreTest, KeepsTheFileToItsOwner) {
  struct stat info;
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, NamesAFileThatIsNoStore) {
  store_.reset();
  std::ofstream(path()) << std::string(10000, 'x');
  auto opened = openSqlite(path(), keys());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(path()), std::string::npos);
  std::filesystem::remove_all(folder_ + "/tollgate.db");
  reopen();
}

TEST_F(StoreTest, LosesNoAcknowledgedWriteWhenTheWriterIsKilled) {
  store_.reset();
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  pid_t child = fork();
  if (child == 0) {
    auto store = openSqlite(path(), keys()).value();
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

}  // namespace
}  // namespace tollgate::store
