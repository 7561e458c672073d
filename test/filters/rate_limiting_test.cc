#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "filters/http/rate_limiting/cell_table.h"
#include "filters/http/rate_limiting/headers.h"
#include "filters/http/rate_limiting/limit.h"
#include "filters/http/rate_limiting/resp.h"
#include "test/support/allocations.h"

namespace tollgate::filters::rate_limiting {
namespace {

constexpr int64_t kNow = 1700000000000;

int burst(const Algorithm& algorithm, Cell& cell, int64_t now, int asked) {
  int passed = 0;
  for (int i = 0; i < asked; ++i) passed += algorithm.take(cell, now).allowed ? 1 : 0;
  return passed;
}

TEST(TokenBucket, ABurstPassesUpToTheLimitAndTokensComeBackEvenly) {
  TokenBucket bucket({5, Period::kMinute});
  Cell cell;
  EXPECT_EQ(burst(bucket, cell, kNow, 20), 5);
  EXPECT_EQ(burst(bucket, cell, kNow + 11999, 1), 0);
  EXPECT_EQ(burst(bucket, cell, kNow + 12000, 5), 1);
  EXPECT_EQ(burst(bucket, cell, kNow + 12000 + 60000, 20), 5) << "never more than the limit";
}

TEST(TokenBucket, RemainingCountsDownToZeroAndResetTellsWhenToComeBack) {
  TokenBucket bucket({3, Period::kMinute});
  Cell cell;
  for (int remaining : {2, 1, 0}) {
    Standing standing = bucket.take(cell, kNow);
    EXPECT_TRUE(standing.allowed);
    EXPECT_EQ(standing.remaining, remaining);
  }
  Standing refused = bucket.take(cell, kNow);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.resetMillis, 20000);
}

TEST(TokenBucket, RoundingNeverLetsOneMorePass) {
  for (double limit : {7.0, 49999.0, 33333.0, 1000003.0}) {
    TokenBucket bucket({limit, Period::kSecond});
    Cell cell;
    EXPECT_EQ(burst(bucket, cell, kNow, static_cast<int>(limit) + 10), static_cast<int>(limit));
  }
}

TEST(TokenBucket, AClockThatIsSetBackDelaysNobodyForLongerThanAnEmptyBucket) {
  TokenBucket bucket({5, Period::kMinute});
  Cell cell;
  burst(bucket, cell, kNow, 5);
  int64_t before = kNow - 86400000;
  EXPECT_EQ(burst(bucket, cell, before, 1), 0);
  EXPECT_EQ(burst(bucket, cell, before + 12000, 5), 1);
}

TEST(FixedWindow, TheLimitIsWholeAgainAtTheNextWindowOnly) {
  FixedWindow window({5, Period::kMinute});
  Cell cell;
  int64_t start = windowStart(Period::kMinute, kNow);
  EXPECT_EQ(burst(window, cell, start + 59999, 9), 5);
  Standing refused = window.take(cell, start + 59999);
  EXPECT_EQ(refused.resetMillis, 1);
  EXPECT_EQ(burst(window, cell, start + 60000, 9), 5);
}

TEST(FixedWindow, ALimitWithAFractionLetsTheNextWholeNumberPass) {
  FixedWindow window({2.5, Period::kHour});
  Cell cell;
  EXPECT_EQ(window.take(cell, kNow).remaining, 1.5);
  EXPECT_EQ(burst(window, cell, kNow, 9), 2);
}

TEST(FixedWindow, WindowsFollowTheCalendar) {
  // 2024-02-29T12:34:56Z
  constexpr int64_t leap = 1709210096000;
  EXPECT_EQ(windowStart(Period::kDay, leap), 1709164800000);
  EXPECT_EQ(windowStart(Period::kMonth, leap), 1706745600000);
  EXPECT_EQ(windowStart(Period::kYear, leap), 1704067200000);
}

TEST(SlidingWindow, ThePreviousWindowCountsInPart) {
  SlidingWindow window({10, Period::kMinute});
  Cell cell;
  int64_t start = windowStart(Period::kMinute, kNow);
  EXPECT_EQ(burst(window, cell, start + 30000, 20), 10);
  EXPECT_EQ(burst(window, cell, start + 60000, 20), 0) << "a full window has just ended";
  EXPECT_EQ(burst(window, cell, start + 90000, 20), 5) << "half of it still counts";
  EXPECT_EQ(burst(window, cell, start + 300000, 20), 10) << "all of it is over";
}

TEST(Algorithms, WhatIsGivenBackCanBeTakenAgain) {
  TokenBucket bucket({3, Period::kHour});
  FixedWindow fixed({3, Period::kHour});
  SlidingWindow sliding({3, Period::kHour});
  for (const Algorithm* algorithm :
       std::initializer_list<const Algorithm*>{&bucket, &fixed, &sliding}) {
    Cell cell;
    EXPECT_EQ(burst(*algorithm, cell, kNow, 5), 3);
    algorithm->giveBack(cell, kNow);
    EXPECT_EQ(burst(*algorithm, cell, kNow, 5), 1);
  }
}

TEST(Algorithms, ExactlyTheLimitPassesHoweverManyThreadsAsk) {
  constexpr int kThreads = 8, kAsked = 500;
  constexpr double kLimit = 1000;
  TokenBucket bucket({kLimit, Period::kHour});
  FixedWindow fixed({kLimit, Period::kHour});
  SlidingWindow sliding({kLimit, Period::kHour});
  for (const Algorithm* algorithm :
       std::initializer_list<const Algorithm*>{&bucket, &fixed, &sliding}) {
    CellTable table(64);
    std::atomic<int> passed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kAsked; ++i) {
          Cell& cell = table.find(4711, kNow);
          if (algorithm->take(cell, kNow).allowed) passed.fetch_add(1);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(passed.load(), static_cast<int>(kLimit));
  }
}

TEST(CellTable, AKeyHasOneCellHoweverManyThreadsAskFirst) {
  for (uint64_t round = 1; round <= 200; ++round) {
    CellTable table(64);
    std::vector<Cell*> found(4);
    std::vector<std::thread> threads;
    for (Cell*& cell : found) {
      threads.emplace_back([&] { cell = &table.find(round * 1000003, kNow); });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set<Cell*>(found.begin(), found.end()).size(), 1u);
  }
}

TEST(CellTable, CellsWhoseTimeIsOverGiveWayFirstAndBusyOnesAreCounted) {
  CellTable table(8);
  FixedWindow window({1, Period::kMinute});
  for (uint64_t key = 8; key < 16; ++key) window.take(table.find(key * 8, kNow), kNow);
  EXPECT_EQ(table.evictedBusy(), 0u);
  Cell& fresh = table.find(16 * 8, kNow);
  EXPECT_EQ(table.evictedBusy(), 1u) << "all were busy";
  EXPECT_TRUE(window.take(fresh, kNow).allowed) << "nobody inherits a count";
  int64_t later = kNow + 120000;
  table.find(17 * 8, later);
  EXPECT_EQ(table.evictedBusy(), 1u) << "none is busy any more";
}

TEST(Resp, AnswersAreReadHoweverTheyAreCut) {
  const std::string bytes = "*2\r\n:0\r\n:41\r\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parseReply(std::string_view(bytes).substr(0, size)).state,
              ParsedReply::State::kNeedMore);
  }
  ParsedReply whole = parseReply(bytes + "+next\r\n");
  ASSERT_EQ(whole.state, ParsedReply::State::kDone);
  EXPECT_EQ(whole.bytes, bytes.size());
  EXPECT_EQ(whole.reply.integers, (std::vector<int64_t>{0, 41}));
  EXPECT_EQ(parseReply("-NOSCRIPT x\r\n").reply.kind, Reply::Kind::kError);
  EXPECT_EQ(parseReply("$3\r\nabc\r\n").reply.text, "abc");
}

TEST(Resp, NonsenseAndExcessAreMalformed) {
  for (const char* bad : {"hello\r\n", "*x\r\n", "*-1\r\n", "*100\r\n", ":1x\r\n", "$99999999\r\n",
                          "*1\r\n+text\r\n", "\r\n", "$3\r\nabcde"}) {
    EXPECT_EQ(parseReply(bad).state, ParsedReply::State::kMalformed) << bad;
  }
}

TEST(Resp, CommandsAreArraysOfBulkStrings) {
  EXPECT_EQ(encodeCommand({"AUTH", "a b"}), "*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n");
}

LimitHeaders headersOf(std::initializer_list<Limit> limits) {
  LimitHeaders out;
  for (const Limit& limit : limits) out.add(limit);
  return out;
}

/// However long the numbers are, no line runs into another.
TEST(LimitHeaders, HoldAbsurdNumbers) {
  const double most = 1.7976931348623157e308;
  Arena arena;
  http::HeaderMap headers(arena);
  const LimitHeaders all = headersOf({{most, Period::kSecond},
                                      {most, Period::kMinute},
                                      {4294967296, Period::kHour},
                                      {1e15 + 2, Period::kDay},
                                      {123456789.123456789, Period::kMonth},
                                      {0.1, Period::kYear}});
  const Shown shown[] = {{most, 1},  {most, INT64_MAX}, {4294967295, -5},
                         {1e15, 12}, {123456788.5, 5},  {0, INT64_MAX - 1000}};
  all.write(headers, arena, shown, true);
  EXPECT_EQ(headers.get("X-RateLimit-Limit-Second"), "1.7976931348623157e+308");
  EXPECT_EQ(headers.get("X-RateLimit-Remaining-Minute"), "1.7976931348623157e+308");
  EXPECT_EQ(headers.get("X-RateLimit-Limit-Hour"), "4294967296");
  EXPECT_EQ(headers.get("X-RateLimit-Remaining-Hour"), "4294967295");
  EXPECT_EQ(headers.get("X-RateLimit-Remaining-Month"), "123456788.5");
  EXPECT_EQ(headers.get("RateLimit-Limit"), "0.1");
  EXPECT_EQ(headers.get("RateLimit-Remaining"), "0");
  EXPECT_EQ(headers.get("RateLimit-Reset"), "4294967295");
  EXPECT_EQ(headers.get("Retry-After"), "4294967295");
  EXPECT_EQ(headers.size(), 16u);
}

TEST(LimitHeaders, TellOfEveryLimitAndSumUpTheTightest) {
  Arena arena;
  http::HeaderMap headers(arena);
  const LimitHeaders both = headersOf({{5, Period::kMinute}, {2.5, Period::kHour}});
  const Shown shown[] = {{1234567, 1}, {1.5, 61'000}};
  headers.add("x-ratelimit-limit-hour", "the origin's");
  both.write(headers, arena, shown, false);
  EXPECT_EQ(headers.get("X-RateLimit-Limit-Minute"), "5");
  EXPECT_EQ(headers.get("X-RateLimit-Remaining-Minute"), "1234567");
  EXPECT_EQ(headers.get("X-RateLimit-Limit-Hour"), "2.5");
  EXPECT_EQ(headers.get("X-RateLimit-Remaining-Hour"), "1.5");
  EXPECT_EQ(headers.get("RateLimit-Limit"), "2.5");
  EXPECT_EQ(headers.get("RateLimit-Remaining"), "1.5");
  EXPECT_EQ(headers.get("RateLimit-Reset"), "61");
  EXPECT_EQ(headers.find("Retry-After"), nullptr);
  EXPECT_EQ(headers.size(), 7u);
  headersOf({{5, Period::kMinute}}).write(headers, arena, shown, true);
  EXPECT_EQ(headers.get("Retry-After"), "1");
  EXPECT_EQ(headers.size(), 8u) << "the lines of before are replaced";
}

TEST(LimitHeaders, TakeNothingFromTheHeap) {
  Arena arena;
  http::HeaderMap headers(arena);
  const LimitHeaders both = headersOf({{100000, Period::kMinute}, {1e9, Period::kYear}});
  const Shown shown[] = {{99999, 1}, {999'999'999, 61'000}};
  const size_t before = test::allocations;
  both.write(headers, arena, shown, true);
  EXPECT_EQ(test::allocations, before);
  EXPECT_EQ(headers.size(), 8u);
}

}  // namespace
}  // namespace tollgate::filters::rate_limiting
