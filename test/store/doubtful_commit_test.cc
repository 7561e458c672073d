// A commit whose answer was lost, and a server that says "committed" of another transaction to
// which it gave the same number after a crash.

#include "source/store/sql_store.h"
#include "source/store/sqlite/sqlite_connection.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

/// What becomes of a commit, and what is looked up of it.
enum class Fate {
  kAnswered,
  kCommitted,  ///< The answer is lost; the write is there.
  kLost,       ///< Both are lost; the number says "committed" of somebody else's.
  kRefused,    ///< The disk is full.
};

class DoubtfulConnection final : public SqlConnection {
 public:
  DoubtfulConnection(const std::string& path, const Fate& fate) : inner_(path), fate_(fate) {
    EXPECT_TRUE(inner_.open());
  }
  Status query(std::string_view sql, const std::vector<SqlValue>& parameters,
               const std::function<void(const SqlRow&)>& row) override {
    return inner_.query(sql, parameters, row);
  }
  std::string nowMillis() const override { return inner_.nowMillis(); }
  Status beginWrite() override { return inner_.beginWrite(); }
  Status beginCount() override { return inner_.beginCount(); }
  void rollback() override { inner_.rollback(); }
  bool settled() const override { return fate_ == Fate::kCommitted || fate_ == Fate::kLost; }
  Status commit() override {
    if (fate_ == Fate::kRefused) return Error::unavailable("database or disk is full");
    if (fate_ != Fate::kLost) return inner_.commit();
    inner_.rollback();
    return inner_.execute(
        "INSERT INTO revisions (revision, at, actor, reason, address, token) SELECT"
        " COALESCE(MAX(revision), 0) + 1, '0', '', '', '', 'of another node' FROM revisions");
  }

 private:
  SqliteConnection inner_;
  const Fate& fate_;
};

class DoubtfulCommitTest : public testing::Test, protected SmallWorld {
 protected:
  void SetUp() override {
    ASSERT_NE(database_.open(), nullptr);  // makes the tables
    store_ = std::make_unique<SqlStore>(
        "test", std::make_unique<DoubtfulConnection>(database_.path(), fate_), keys());
  }
  bool has(const std::string& id) { return store_->get("parents", id).value().has_value(); }

  Fate fate_ = Fate::kAnswered;
  SqliteDatabase database_;
  std::unique_ptr<SqlStore> store_;
};

TEST_F(DoubtfulCommitTest, ADatabaseThatTakesNoWritesIsReachableButNotWritable) {
  must(*store_, {insert("parents", "1")});
  EXPECT_TRUE(store_->writable());
  fate_ = Fate::kRefused;
  auto done = store_->transact({insert("parents", "2")}, {"admin", "x"});
  EXPECT_EQ(std::get<Refusal>(done).kind, Refusal::Kind::kUnavailable);
  EXPECT_TRUE(has("1"));  // reads go on
  EXPECT_TRUE(store_->reachable());
  EXPECT_FALSE(store_->writable());
  fate_ = Fate::kAnswered;
  must(*store_, {insert("parents", "2")});
  EXPECT_TRUE(store_->writable());
}

TEST_F(DoubtfulCommitTest, IsAcknowledgedIfItIsThere) {
  must(*store_, {insert("parents", "1")});
  fate_ = Fate::kCommitted;
  must(*store_, {insert("parents", "2")});
  EXPECT_TRUE(has("2"));
}

TEST_F(DoubtfulCommitTest, IsNotAcknowledgedForAnotherTransactionOfItsNumber) {
  must(*store_, {insert("parents", "1")});
  fate_ = Fate::kLost;
  auto result = store_->transact({insert("parents", "2")}, {});
  ASSERT_TRUE(std::holds_alternative<Refusal>(result));
  EXPECT_NE(std::get<Refusal>(result).message.find("nothing was written"), std::string::npos);
  EXPECT_FALSE(has("2"));
  auto batches = store_->transactBatches(
      [&](const Store::WriteBatch& write) { return write({insert("parents", "3")}); }, {});
  ASSERT_TRUE(std::holds_alternative<Refusal>(batches));
  EXPECT_FALSE(has("3"));
  fate_ = Fate::kAnswered;
  must(*store_, {insert("parents", "2")});
  EXPECT_TRUE(has("2"));
}

/// Nothing that they leave behind tells whose it is.
TEST_F(DoubtfulCommitTest, IsNotClaimedOfTheHistoryEither) {
  must(*store_, {insert("parents", "1", {{"name", "a"}})});
  auto rename = [](std::string_view, Json& doc) {
    doc["name"] = "b";
    return true;
  };
  for (Fate fate : {Fate::kLost, Fate::kCommitted}) {
    fate_ = fate;
    auto rewritten = store_->rewriteHistory(rename);
    ASSERT_FALSE(rewritten);
    EXPECT_NE(rewritten.error().message.find("outcome unknown"), std::string::npos);
  }
  fate_ = Fate::kAnswered;
  EXPECT_TRUE(store_->rewriteHistory(rename));
}

}  // namespace
}  // namespace tollgate::store
