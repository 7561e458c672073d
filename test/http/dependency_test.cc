#include "source/http/dependency.h"

#include <gtest/gtest.h>

namespace tollgate::http {
namespace {

class Lines final : public OperatorLog {
 public:
  void warn(std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

class DependencyTest : public testing::Test {
 protected:
  Lines log_;
  Dependencies all_{&log_, std::chrono::hours(1)};
  std::shared_ptr<Dependency> redis_ = all_.use("Redis r:6379", "requests pass uncounted");
};

TEST_F(DependencyTest, TellsOfEachReasonOnceAndThatItAnswersAgain) {
  redis_->answered();
  for (int i = 0; i < 100; ++i) redis_->failed("connection refused");
  redis_->failed("NOAUTH");
  redis_->answered();
  redis_->answered();
  ASSERT_EQ(log_.lines.size(), 3u);
  EXPECT_EQ(log_.lines[0], "Redis r:6379: connection refused; requests pass uncounted");
  EXPECT_EQ(log_.lines[1], "Redis r:6379: NOAUTH; requests pass uncounted");
  EXPECT_EQ(log_.lines[2], "Redis r:6379: answers again");
}

TEST_F(DependencyTest, IsListedWithItsReasonWhileItFails) {
  EXPECT_FALSE(all_.list().at(0).asked);
  redis_->failed("connection refused");
  Dependency::State state = all_.list().at(0);
  EXPECT_FALSE(state.good);
  EXPECT_EQ(state.reason, "connection refused");
  EXPECT_GT(state.sinceMillis, 0);
  redis_->answered();
  state = all_.list().at(0);
  EXPECT_TRUE(state.good);
  EXPECT_TRUE(state.asked);
  EXPECT_EQ(state.reason, "");
  EXPECT_EQ(state.failures, 1u);
}

TEST_F(DependencyTest, IsOneForAllWhoUseItAndGoneWithTheLast) {
  auto other = all_.use("Redis r:6379", "requests pass uncounted");
  EXPECT_EQ(other, redis_);
  redis_ = nullptr;
  EXPECT_EQ(all_.list().size(), 1u);
  other = nullptr;
  EXPECT_TRUE(all_.list().empty());
}

}  // namespace
}  // namespace tollgate::http
