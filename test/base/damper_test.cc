#include "source/base/damper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tollgate {
namespace {

using std::chrono::seconds;

TEST(Damper, AdmitsOneLineOfAKeyInAnIntervalAndCountsTheRest) {
  Damper damper(seconds(30));
  Damper::Clock::time_point now{};
  ASSERT_TRUE(damper.admit("a", now));
  for (int i = 0; i < 41; ++i) EXPECT_FALSE(damper.admit("a", now + seconds(i % 30)));

  auto next = damper.admit("a", now + seconds(30));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->same, 41u);
  EXPECT_EQ(next->text(), " (41 more like this one were not logged)");
  EXPECT_FALSE(damper.admit("a", now + seconds(31)));
  EXPECT_EQ(damper.admit("a", now + seconds(90))->same, 1u);
  EXPECT_EQ(damper.admit("a", now + seconds(190))->text(), "");
}

TEST(Damper, DoesNotHideOneKeyBehindAnother) {
  Damper damper(seconds(30));
  Damper::Clock::time_point now{};
  EXPECT_TRUE(damper.admit("refused", now));
  EXPECT_TRUE(damper.admit("timed out", now));
  EXPECT_FALSE(damper.admit("refused", now));
  EXPECT_FALSE(damper.admit("timed out", now));
}

TEST(Damper, BoundsTheLinesOfKeysThatSomebodyElsePicks) {
  Damper damper(seconds(30));
  Damper::Clock::time_point now{};
  uint64_t lines = 0, told = 0;
  constexpr uint64_t kKeys = 100000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    if (auto left = damper.admit("key " + std::to_string(i), now)) {
      ++lines;
      told += left->others;
    }
  }
  EXPECT_GT(lines, 0u);
  EXPECT_LE(lines, 256u);

  // Those that were left out are told by the next line, whose key is another.
  auto next = damper.admit("later", now + seconds(30));
  ASSERT_TRUE(next);
  told += next->others;
  EXPECT_EQ(told, kKeys - lines);
}

TEST(Damper, AdmitsAKeyOnceWhereManyThreadsBringIt) {
  Damper damper(seconds(30));
  Damper::Clock::time_point now{};
  ASSERT_TRUE(damper.admit("key", now));
  constexpr int kThreads = 4, kEach = 2000;
  std::atomic<uint64_t> lines{0}, told{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (auto left = damper.admit("key", now + seconds(30))) {
          lines += 1;
          told += left->same;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines, 1u);
  auto last = damper.admit("key", now + seconds(60));
  ASSERT_TRUE(last);
  EXPECT_EQ(told + last->same, uint64_t{kThreads} * kEach - 1);
}

}  // namespace
}  // namespace tollgate
