#include "source/event/offload_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>

#include "test/support/run_until.h"

namespace tollgate::event {
namespace {

TEST(OffloadPool, WorkRunsOnAnotherThreadAndItsResultComesBackOnTheLoop) {
  EventLoop loop;
  OffloadPool pool({1, 10});
  std::thread::id worked, told;
  std::string result;
  ASSERT_TRUE(pool.compute(
      loop,
      [&] {
        worked = std::this_thread::get_id();
        return std::string("done");
      },
      [&](std::string value) {
        told = std::this_thread::get_id();
        result = std::move(value);
      }));
  ASSERT_TRUE(test::runUntil(loop, [&] { return !result.empty(); }));
  EXPECT_EQ(result, "done");
  EXPECT_EQ(told, std::this_thread::get_id());
  EXPECT_NE(worked, told);
}

TEST(OffloadPool, RefusesAndCountsWhatWouldWaitBeyondTheLimit) {
  EventLoop loop;
  OffloadPool pool({1, 2});
  std::promise<void> begun, release;
  std::atomic<int> done{0};
  ASSERT_TRUE(pool.run(
      loop,
      [&] {
        begun.set_value();
        release.get_future().wait();
      },
      [&] { ++done; }));
  begun.get_future().wait();
  EXPECT_TRUE(pool.run(
      loop, [] {}, [&] { ++done; }));
  EXPECT_TRUE(pool.run(
      loop, [] {}, [&] { ++done; }));
  EXPECT_FALSE(pool.run(
      loop, [] {}, [&] { done = 100; }));
  EXPECT_EQ(pool.counts().waiting, 2u);
  EXPECT_EQ(pool.counts().refused, 1u);
  release.set_value();
  ASSERT_TRUE(test::runUntil(loop, [&] { return done == 3; }));
}

TEST(OffloadPool, WhatWaitsWhenItStopsIsDroppedAndNobodyIsCalled) {
  EventLoop loop;
  OffloadPool pool({1, 10});
  std::promise<void> begun, release;
  int told = 0;
  bool dropped = true;
  ASSERT_TRUE(pool.run(
      loop,
      [&] {
        begun.set_value();
        release.get_future().wait();
      },
      [&] { ++told; }));
  ASSERT_TRUE(pool.run(
      loop, [&] { dropped = false; }, [&] { ++told; }));
  begun.get_future().wait();
  std::thread stopping([&] { pool.stop(); });
  // The queue is emptied before the thread that is at work is waited for.
  while (pool.counts().waiting > 0) std::this_thread::yield();
  release.set_value();
  stopping.join();
  EXPECT_TRUE(dropped);
  EXPECT_FALSE(pool.run(
      loop, [] {}, [] {}));
  ASSERT_TRUE(test::runUntil(loop, [&] { return told == 1; }));
}

}  // namespace
}  // namespace tollgate::event
