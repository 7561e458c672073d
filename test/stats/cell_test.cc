#include "source/stats/cell.h"

#include <gtest/gtest.h>

#include <thread>

#include "source/stats/histogram.h"

namespace tollgate::stats {
namespace {

TEST(Counter, Adds) {
  Counter counter;
  EXPECT_EQ(counter, 0u);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42u);
}

TEST(Gauge, GoesUpAndDownAndBelowZero) {
  Gauge gauge;
  gauge.add(2);
  gauge.sub(3);
  EXPECT_EQ(gauge, -1);
  gauge.set(7);
  EXPECT_EQ(gauge.value(), 7);
}

/// One writes, another reads: what is read never shrinks, and in the end it is all.
TEST(Counter, IsReadWhileItIsCounted) {
  constexpr uint64_t kTimes = 100'000;
  Counter counter;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kTimes; ++i) counter.add();
  });
  uint64_t last = 0;
  while (last < kTimes) {
    uint64_t now = counter;
    ASSERT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(counter, kTimes);
}

constexpr Bounds<3> kFew{10, 100, 1000};

TEST(Histogram, PutsEachValueIntoTheFirstBucketThatHoldsIt) {
  Histogram<kFew> histogram;
  for (uint64_t value : {0, 10, 11, 100, 1000, 1001, 5000}) histogram.observe(value);
  const HistogramView view = histogram.view();
  ASSERT_EQ(view.buckets.size(), view.bounds.size() + 1);
  EXPECT_EQ(view.buckets[0], 2u);
  EXPECT_EQ(view.buckets[1], 2u);
  EXPECT_EQ(view.buckets[2], 1u);
  EXPECT_EQ(view.buckets[3], 2u) << "what is above the last bound";
  EXPECT_EQ(*view.sum, 0u + 10 + 11 + 100 + 1000 + 1001 + 5000);
}

template <typename Bounds>
void expectAscending(const Bounds& bounds) {
  for (size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1], bounds[i]);
}

TEST(Histogram, HasBoundsThatAscend) {
  expectAscending(kMillisBounds);
  expectAscending(kByteBounds);
}

TEST(Histogram, SortsMillisecondsAndBytes) {
  Histogram<kMillisBounds> times;
  times.observe(0);
  times.observe(61'000);
  EXPECT_EQ(times.view().buckets.front(), 1u);
  EXPECT_EQ(times.view().buckets.back(), 1u);
  Histogram<kByteBounds> sizes;
  sizes.observe(101);
  EXPECT_EQ(sizes.view().buckets[1], 1u);
}

}  // namespace
}  // namespace tollgate::stats
