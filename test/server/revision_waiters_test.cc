#include "source/server/revision_waiters.h"

#include <gtest/gtest.h>

#include <optional>

#include "source/server/entity_screen.h"
#include "source/store/sqlite/sqlite_store.h"
#include "test/admin/support.h"

namespace tollgate::server {
namespace {

using store::NodeRecord;

/// A registry whose nodes a test sets.
class FakeRegistry final : public store::NodeRegistry {
 public:
  Status heartbeat(const NodeRecord&, bool, const Limits&) override { return {}; }
  Status forgetOld(const Limits&) override { return {}; }
  Result<std::vector<NodeRecord>> list(const std::string&, size_t, const Limits&) override {
    return nodes;
  }
  Result<std::vector<NodeRecord>> lagging(store::Revision revision, size_t,
                                          const Limits&) override {
    if (broken) return Error::unavailable("gone");
    std::vector<NodeRecord> out;
    for (const NodeRecord& node : nodes) {
      if (node.revision < revision) out.push_back(node);
    }
    return out;
  }
  Result<store::Revision> newestRevision() override { return store::Revision{0}; }

  std::vector<NodeRecord> nodes;
  bool broken = false;
};

class SharedStore final : public admin::StoreView {
 public:
  store::NodeRegistry* nodes() override { return &registry; }
  FakeRegistry registry;
};

class RevisionWaitersTest : public testing::Test {
 protected:
  using Clock = RevisionWaiters::Clock;
  void wait(store::Revision revision, std::chrono::milliseconds limit,
            std::optional<RevisionWaiters::Outcome>& outcome) {
    waiters_.add(revision, Clock::now() + limit,
                 [&](const RevisionWaiters::Outcome& end) { outcome = end; });
  }
  /// Looks until the wait is over.
  void settle(const std::optional<RevisionWaiters::Outcome>& outcome) {
    for (auto end = Clock::now() + std::chrono::seconds(20); !outcome && Clock::now() < end;) {
      waiters_.check(store_, self_);
    }
    ASSERT_TRUE(outcome);
  }

  SharedStore store_;
  NodeRecord self_{"self", "h", "1", 5, NodeRecord::kRunning};
  RevisionWaiters waiters_{{}, 2};
};

TEST_F(RevisionWaitersTest, EndsWhenAllNodesAreThere) {
  store_.registry.nodes = {{"slow", "h", "1", 4, NodeRecord::kRunning},
                           {"self", "h", "1", 3, NodeRecord::kRunning}};  // an old row of our own
  std::optional<RevisionWaiters::Outcome> five, four;
  EXPECT_EQ(waiters_.due(), Clock::time_point::max());
  wait(5, std::chrono::minutes(1), five);
  wait(4, std::chrono::minutes(1), four);
  waiters_.check(store_, self_);
  EXPECT_TRUE(four);
  EXPECT_FALSE(five);
  store_.registry.nodes[0].revision = 6;
  settle(five);
  EXPECT_TRUE(five->lagging.empty());
  EXPECT_FALSE(five->unknown);
  EXPECT_EQ(waiters_.due(), Clock::time_point::max());
}

TEST_F(RevisionWaitersTest, NamesWhoLagsAtTheDeadline) {
  store_.registry.nodes = {{"slow", "h", "1", 4, NodeRecord::kRunning}};
  std::optional<RevisionWaiters::Outcome> outcome;
  wait(6, std::chrono::milliseconds(0), outcome);
  settle(outcome);
  ASSERT_EQ(outcome->lagging.size(), 2u);  // this node does not run it either
  EXPECT_EQ(outcome->lagging[0].id, "slow");
}

TEST_F(RevisionWaitersTest, SaysThatItDoesNotKnow) {
  store_.registry.broken = true;
  std::optional<RevisionWaiters::Outcome> outcome;
  wait(5, std::chrono::milliseconds(0), outcome);
  settle(outcome);
  EXPECT_TRUE(outcome->unknown);
}

TEST_F(RevisionWaitersTest, TakesNoMoreThanItsLimitAndEndsAllForADrain) {
  store_.registry.nodes = {{"slow", "h", "1", 4, NodeRecord::kRunning}};
  std::optional<RevisionWaiters::Outcome> a, b, c;
  wait(5, std::chrono::minutes(1), a);
  wait(5, std::chrono::minutes(1), b);
  wait(5, std::chrono::minutes(1), c);
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->unknown);
  waiters_.endAll(store_, self_);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->lagging.size(), 1u);
}

TEST(EntityScreen, KeepsAwayWhatThisVersionCannotRead) {
  EntityScreen screen;
  using Op = store::Change::Op;
  const Json good = {{"id", "1"}, {"host", "h"}, {"port", 80}, {"field_of_tomorrow", true}};
  EXPECT_TRUE(screen.admits({Op::kInsert, "services", "1", good}));
  EXPECT_FALSE(screen.admits({Op::kInsert, "services", "2", {{"port", 70000}}}));
  EXPECT_FALSE(screen.admits({Op::kInsert, "services", "3", {{"protocol", "gopher"}}}));
  EXPECT_FALSE(screen.admits({Op::kInsert, "things", "4", good}));
  EXPECT_FALSE(screen.admits({Op::kReplace, "routes", "5", {{"service", "1"}}}));
  screen.note({"routes", "6", "not a JSON object"});
  EXPECT_EQ(screen.problems(),
            (std::vector<std::string>{
                "routes/5: service: expected a reference", "routes/6: not a JSON object",
                "services/2: port: out of bounds", "services/3: protocol: not one of the choices",
                "things/4: this version knows no such kind"}));
  EXPECT_TRUE(screen.admits({Op::kDelete, "things", "4", nullptr}));
  EXPECT_TRUE(screen.admits({Op::kReplace, "services", "2", good}));
  EXPECT_EQ(screen.problems().size(), 3u);
}

}  // namespace
}  // namespace tollgate::server
