#include "source/event/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace tollgate::event {
namespace {

class Recorder final : public Timer {
 public:
  Recorder(EventLoop& loop, std::vector<int>& order, int id)
      : loop_(loop), order_(order), id_(id) {}
  void onTimer() override {
    EXPECT_GE(loop_.now(), deadline());
    order_.push_back(id_);
  }

 private:
  EventLoop& loop_;
  std::vector<int>& order_;
  int id_;
};

TEST(EventLoop, RunsTimersInOrderAndNeverEarly) {
  EventLoop loop;
  std::vector<int> order;
  Recorder late(loop, order, 2), early(loop, order, 1), cancelled(loop, order, 3);
  loop.arm(late, Millis(60));
  loop.arm(early, Millis(15));
  loop.arm(cancelled, Millis(20));
  EventLoop::cancel(cancelled);
  while (order.size() < 2) loop.runOnce(Millis(200));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(EventLoop, KeepsATimerOfALaterRoundOfTheWheel) {
  EventLoop loop;
  std::vector<int> order;
  Recorder far(loop, order, 1), near(loop, order, 2);
  loop.arm(far, Millis(8 * 1024 + 40));  // the same slot as a timer in 40 ms
  loop.arm(near, Millis(40));
  while (order.empty()) loop.runOnce(Millis(200));
  EXPECT_EQ(order, (std::vector<int>{2}));
  EXPECT_TRUE(far.armed());
}

TEST(EventLoop, RunsEveryTaskPostedFromOtherThreads) {
  EventLoop loop;
  constexpr int kThreads = 4, kTasks = 2000;
  int done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&] {
          if (++done == kThreads * kTasks) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kTasks);
}

TEST(EventLoop, RunsPassEndWorkOnceHoweverOftenItWasAsked) {
  struct Work final : PassEnd {
    void atPassEnd() override { ++runs; }
    int runs = 0;
  };
  EventLoop loop;
  Work work;
  loop.post([&] {
    loop.atPassEnd(work);
    loop.atPassEnd(work);
  });
  while (work.runs == 0) loop.runOnce();
  loop.runOnce();
  EXPECT_EQ(work.runs, 1);
}

TEST(EventLoop, WhatIsKeptGoesWithItsUserOrWithTheLoop) {
  struct Counted final : Deferred {
    explicit Counted(int& alive) : alive(alive) { ++alive; }
    ~Counted() override { --alive; }
    int& alive;
  };
  int alive = 0;
  auto stays = std::make_shared<int>();
  {
    EventLoop loop;
    for (int i = 0; i < 1'000; ++i) {
      auto goes = std::make_shared<int>();
      loop.keep(std::make_unique<Counted>(alive), goes);
      loop.runOnce(Millis(0));
      EXPECT_LE(alive, 2) << "the one before goes when the next comes";
    }
    for (int i = 0; i < 5; ++i) loop.keep(std::make_unique<Counted>(alive), stays);
    loop.runOnce(Millis(0));
    EXPECT_EQ(alive, 5);
  }
  EXPECT_EQ(alive, 0);
}

TEST(EventLoop, ATimerThatIsArmedAnewKeepsToItsLastDeadline) {
  EventLoop loop;
  std::vector<int> order;
  Recorder later(loop, order, 2), sooner(loop, order, 1), again(loop, order, 3);
  loop.arm(later, Millis(20));
  loop.arm(later, Millis(120));  // moves when its old place comes
  loop.arm(sooner, Millis(500'000));
  loop.arm(sooner, Millis(60));  // moves at once
  loop.arm(again, Millis(20));
  EventLoop::cancel(again);
  EXPECT_FALSE(again.armed());
  loop.arm(again, Millis(180));  // takes the place it still has
  EXPECT_TRUE(again.armed());
  while (order.size() < 3) loop.runOnce(Millis(200));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(later.armed());
}

/// Asks to be served again each time it is served.
struct Greedy final : FdHandler {
  void onReady(bool, bool, bool) override {
    ++served;
    if (greedy) watch.again(true, false);
  }
  FdWatch watch;
  int served = 0;
  bool greedy = true;
};

TEST(EventLoop, AWatchThatAsksToBeServedAgainIsServedOnceAPass) {
  struct Work final : PassEnd {
    void atPassEnd() override { ++runs; }
    int runs = 0;
  };
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Greedy greedy;
  Work work;
  greedy.watch.start(loop, ends[0], greedy);
  greedy.watch.again(true, false);
  greedy.watch.again(true, false);
  for (int pass = 1; pass <= 5; ++pass) {
    ASSERT_EQ(write(ends[1], "x", 1), 1);  // the kernel calls it as well
    loop.atPassEnd(work);
    loop.runOnce(Millis(0));
    EXPECT_EQ(greedy.served, pass);
    EXPECT_EQ(work.runs, pass);
  }
  greedy.watch.stop();
  loop.runOnce(Millis(0));
  EXPECT_EQ(greedy.served, 5) << "it was stopped while it stood on the list";
  close(ends[0]);
  close(ends[1]);
}

TEST(EventLoop, OthersAndTimersAreServedBesideAWatchThatAlwaysAsksAgain) {
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Greedy greedy;
  greedy.watch.start(loop, ends[0], greedy);
  greedy.watch.again(true, false);
  std::vector<int> order;
  Recorder timer(loop, order, 1);
  loop.arm(timer, Millis(20));
  bool posted = false;
  loop.post([&] { posted = true; });
  while (order.empty() || !posted) loop.runOnce(Millis(200));
  EXPECT_GT(greedy.served, 1);
  greedy.greedy = false;
  greedy.watch.stop();
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tollgate::event
