#include "source/stats/labelled.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <thread>

#include "source/stats/cell.h"

namespace tollgate::stats {
namespace {

using Slot = LabelTable::Slot;

TEST(LabelTable, TellsCombinationsApartAndKnowsThemAgain) {
  LabelTable table(2, 10);
  Slot a = table.slotOf({"a", "b"});
  EXPECT_NE(a, LabelTable::kOther);
  EXPECT_EQ(table.slotOf({"a", "b"}), a);
  EXPECT_NE(table.slotOf({"ab", ""}), a);
  EXPECT_NE(table.slotOf({"b", "a"}), a);
  EXPECT_EQ(table.valuesOf(a), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.size(), 3u);
}

TEST(LabelTable, GivesTheOtherWhereTheLimitIsReached) {
  LabelTable table(1, 3);
  std::set<Slot> slots;
  for (int i = 0; i < 3; ++i) slots.insert(table.slotOf({std::to_string(i)}));
  EXPECT_EQ(slots.size(), 3u);
  EXPECT_FALSE(slots.contains(LabelTable::kOther));
  for (int i = 3; i < 1000; ++i) {
    EXPECT_EQ(table.slotOf({std::to_string(i)}), LabelTable::kOther);
  }
  EXPECT_TRUE(slots.contains(table.slotOf({"1"}))) << "those from before are still known";
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.valuesOf(LabelTable::kOther), std::vector<std::string>{"other"});
}

TEST(LabelTable, MayHaveNoRoomAtAll) {
  LabelTable table(1, 0);
  EXPECT_EQ(table.slotOf({"a"}), LabelTable::kOther);
}

TEST(LabelTable, TakesNoOtherNumberOfValues) {
  LabelTable table(2, 10);
  EXPECT_EQ(table.slotOf({"a"}), LabelTable::kOther);
  EXPECT_EQ(table.slotOf({"a", "b", "c"}), LabelTable::kOther);
  EXPECT_EQ(table.size(), 0u);
}

TEST(LabelTable, CutsLongValues) {
  LabelTable table(1, 10);
  std::string longer(LabelTable::kValueBytes + 1, 'x');
  Slot slot = table.slotOf({longer});
  EXPECT_EQ(table.valuesOf(slot)[0].size(), LabelTable::kValueBytes);
  EXPECT_EQ(table.slotOf({longer + "y"}), slot);
}

/// Several workers meet the same combinations at once: all agree on the slots, and none is taken
/// twice or lost.
TEST(LabelTable, IsFilledBySeveralThreads) {
  constexpr size_t kThreads = 4, kLimit = 200, kTexts = 300;
  LabelTable table(1, kLimit);
  std::array<std::vector<Slot>, kThreads> seen;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      seen[t].resize(kTexts);
      for (size_t i = 0; i < kTexts; ++i) {
        size_t which = (i * 7 + t * 31) % kTexts;
        seen[t][which] = table.slotOf({std::to_string(which)});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.size(), kLimit);
  std::set<Slot> slots;
  for (size_t i = 0; i < kTexts; ++i) {
    for (size_t t = 0; t < kThreads; ++t) {
      if (seen[t][i] == LabelTable::kOther) continue;
      EXPECT_EQ(table.valuesOf(seen[t][i])[0], std::to_string(i));
      EXPECT_EQ(table.slotOf({std::to_string(i)}), seen[t][i]);
      slots.insert(seen[t][i]);
    }
  }
  EXPECT_LE(slots.size(), kLimit);
}

TEST(Labelled, CountsUnderEachCombination) {
  LabelTable table(1, 2);
  Labelled<Counter> counts(table);
  counts.at({"a"}).add(2);
  counts.at({"b"}).add(3);
  counts.at({"c"}).add(5);
  counts.at({"d"}).add(7);
  counts.at(table.slotOf({"a"})).add(10);
  std::map<std::string, uint64_t> seen;
  counts.forEach(
      [&](const std::vector<std::string>& labels, const Counter& cell) { seen[labels[0]] = cell; });
  EXPECT_EQ(seen, (std::map<std::string, uint64_t>{{"a", 12}, {"b", 3}, {"other", 12}}));
}

}  // namespace
}  // namespace tollgate::stats
