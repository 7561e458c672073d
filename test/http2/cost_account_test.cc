#include "source/http2/cost_account.h"

#include <gtest/gtest.h>

namespace tollgate::http2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(CostAccount, StartsFullAndIsEmptyAfterFiftyEarlyResets) {
  CostAccount::TimePoint now{};
  CostAccount account(now);
  for (int i = 0; i < 25; ++i) account.charge(Cost::kEarlyReset, now);
  EXPECT_TRUE(account.low());
  EXPECT_FALSE(account.empty());
  for (int i = 0; i < 25; ++i) account.charge(Cost::kProvokedReset, now);
  EXPECT_TRUE(account.empty());
}

TEST(CostAccount, RefillsSlowlyAndNeverAboveTheStart) {
  CostAccount::TimePoint now{};
  CostAccount account(now);
  for (int i = 0; i < 100; ++i) account.charge(Cost::kPing, now);
  EXPECT_EQ(account.points(), 900);
  account.charge(Cost::kPing, now + seconds(2));
  EXPECT_EQ(account.points(), 949);
  account.charge(Cost::kPing, now + seconds(100));
  EXPECT_EQ(account.points(), 999);
}

TEST(CostAccount, ManySmallStepsEarnAsMuchAsOneLargeOne) {
  CostAccount::TimePoint now{};
  CostAccount account(now);
  for (int i = 0; i < 100; ++i) account.charge(Cost::kEarlyReset, now), account.reward();
  EXPECT_TRUE(account.empty() || account.points() < 100);
  CostAccount stepped(now);
  for (int i = 0; i < 200; ++i) stepped.charge(Cost::kPing, now + milliseconds(10 * i));
  EXPECT_NEAR(stepped.points(), 1000 - 200 + 49, 1);
}

TEST(CostAccount, SuccessfulResponsesGivePointsBack) {
  CostAccount::TimePoint now{};
  CostAccount account(now);
  account.charge(Cost::kEarlyReset, now);
  account.reward();
  account.reward();
  account.reward();
  EXPECT_EQ(account.points(), CostAccount::kStart);
}

}  // namespace
}  // namespace tollgate::http2
