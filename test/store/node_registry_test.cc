#include "source/store/node_registry.h"

#include "test/store/support.h"

namespace tollgate::store {
namespace {

using std::chrono::milliseconds;

class NodeRegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::PostgresServer::available()) GTEST_SKIP() << "no Postgres on this machine";
    database_ = std::make_unique<PostgresDatabase>();
    store_ = database_->open();
    registry_ = store_->nodes();
    ASSERT_NE(registry_, nullptr);
  }
  void beat(const std::string& id, Revision revision, const char* state = NodeRecord::kRunning,
            bool first = false) {
    NodeRecord node;
    node.id = id;
    node.hostname = "host-" + id;
    node.version = "1";
    node.revision = revision;
    node.state = state;
    ASSERT_TRUE(registry_->heartbeat(node, first, limits_));
  }
  std::vector<NodeRecord> all() { return registry_->list("", 100, limits_).value(); }
  /// Moves a node's last sign of life, as if the database's clock had moved the other way.
  void age(const std::string& id, int64_t millis) {
    test::PostgresServer::shared().psql("SET search_path TO " + database_->settings.schema +
                                        "; UPDATE nodes SET seen_at = seen_at - " +
                                        std::to_string(millis) + " WHERE id = '" + id + "'");
  }

  NodeRegistry::Limits limits_;
  std::unique_ptr<PostgresDatabase> database_;
  std::unique_ptr<Store> store_;
  NodeRegistry* registry_ = nullptr;
};

TEST_F(NodeRegistryTest, TellsWhoIsThereAndWhatEachRuns) {
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(registry_->newestRevision().value(), 0u);
  beat("b", 3);
  beat("a", 5);
  auto nodes = all();
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].id, "a");
  EXPECT_EQ(nodes[0].hostname, "host-a");
  EXPECT_EQ(nodes[0].revision, 5u);
  EXPECT_TRUE(nodes[0].live);
  EXPECT_EQ(registry_->list("a", 100, limits_).value().size(), 1u);
  EXPECT_EQ(registry_->list("", 1, limits_).value().size(), 1u);
  EXPECT_EQ(registry_->newestRevision().value(), 5u);
}

TEST_F(NodeRegistryTest, NamesOnlyLiveNodesThatLag) {
  beat("dead", 1);
  beat("gone", 1, NodeRecord::kStopped);
  beat("slow", 1);
  beat("there", 2);
  age("dead", limits_.live.count() + 1000);
  auto lagging = registry_->lagging(2, 100, limits_).value();
  ASSERT_EQ(lagging.size(), 1u);
  EXPECT_EQ(lagging[0].id, "slow");
  beat("dead", 1);  // it was only away
  EXPECT_EQ(registry_->lagging(2, 100, limits_).value().size(), 2u);
}

TEST_F(NodeRegistryTest, SinceIsWhenItCameAndWhenItWent) {
  beat("a", 1, NodeRecord::kRunning, true);
  int64_t since = all()[0].sinceMillis;
  beat("a", 2);
  EXPECT_EQ(all()[0].sinceMillis, since);
  age("a", limits_.live.count() + 60'000);
  EXPECT_FALSE(all()[0].live);
  EXPECT_EQ(all()[0].sinceMillis, all()[0].seenMillis);
  beat("a", 2);
  EXPECT_TRUE(all()[0].live);
  EXPECT_GE(all()[0].sinceMillis, since);
  beat("a", 2, NodeRecord::kStopped);
  EXPECT_FALSE(all()[0].live);
}

TEST_F(NodeRegistryTest, AClockThatWasSetBackKeepsNobodyAlive) {
  beat("a", 1);
  age("a", -3'600'000);  // seen an hour from now
  EXPECT_FALSE(all()[0].live);
  beat("a", 1);
  EXPECT_TRUE(all()[0].live);
}

TEST_F(NodeRegistryTest, ForgetsOldRows) {
  beat("old", 1);
  beat("new", 1);
  age("old", limits_.forget.count() + 1000);
  ASSERT_TRUE(registry_->forgetOld(limits_));
  auto nodes = all();
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].id, "new");
}

TEST(NodeRegistry, TheEmbeddedStoreHasOneNodeAndNoRegistry) {
  SqliteDatabase database;
  EXPECT_EQ(database.open()->nodes(), nullptr);
}

}  // namespace
}  // namespace tollgate::store
