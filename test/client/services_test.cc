#include <atomic>
#include <thread>

#include "test/client/support.h"

namespace tollgate::client {
namespace {

/// Says on which threads it was made, told to finish, and destroyed.
struct State final : http::WorkerState {
  struct Seen {
    std::atomic<int> made{0}, finished{0}, gone{0};
    std::thread::id goneOn{};
    std::atomic<bool> busy{false};
  };
  explicit State(Seen& seen) : seen(seen) { ++seen.made; }
  ~State() override {
    seen.goneOn = std::this_thread::get_id();
    ++seen.gone;
  }
  void finish() override { ++seen.finished; }
  bool busy() const override { return seen.busy; }
  Seen& seen;
};

using ServicesAlone = ServicesTest;

auto makerOf(State::Seen& seen) {
  return [&seen](http::WorkerServices&) { return std::make_unique<State>(seen); };
}

TEST_F(ServicesAlone, AStateIsMadeOnceForEachWorkerWhenItIsFirstAskedFor) {
  State::Seen seen;
  auto local = std::make_unique<http::WorkerLocal<State>>(services_, makerOf(seen));
  EXPECT_EQ(seen.made, 0);
  State& first = local->get(loop_);
  EXPECT_EQ(&local->get(loop_), &first);
  State* others = nullptr;
  std::thread([&] {
    event::EventLoop loop;
    others = &local->get(loop);
    services_.endWorker(loop);
    loop.runOnce(event::Millis(0));
  }).join();
  EXPECT_NE(others, &first);
  EXPECT_EQ(seen.made, 2);
  EXPECT_EQ(seen.gone, 1) << "the one of the worker that has ended";
  local.reset();
  EXPECT_TRUE(runUntil([&] { return seen.gone == 2; }));
}

TEST_F(ServicesAlone, AStateEndsOnItsWorkersThreadWhenItsOwnerIsDestroyedElsewhere) {
  State::Seen seen;
  auto local = std::make_unique<http::WorkerLocal<State>>(services_, makerOf(seen));
  local->get(loop_);
  std::thread([&] { local.reset(); }).join();
  EXPECT_EQ(seen.gone, 0);
  ASSERT_TRUE(runUntil([&] { return seen.gone == 1; }));
  EXPECT_EQ(seen.finished, 1);
  EXPECT_EQ(seen.goneOn, std::this_thread::get_id());
}

TEST_F(ServicesAlone, AStateThatIsBusyStaysUntilItIsDone) {
  State::Seen seen;
  seen.busy = true;
  auto local = std::make_unique<http::WorkerLocal<State>>(services_, makerOf(seen));
  local->get(loop_);
  local.reset();
  ASSERT_TRUE(runUntil([&] { return seen.finished == 1; }));
  for (int i = 0; i < 20; ++i) loop_.runOnce(event::Millis(5));
  EXPECT_EQ(seen.gone, 0);
  seen.busy = false;
  EXPECT_TRUE(runUntil([&] { return seen.gone == 1; }));
}

TEST_F(ServicesAlone, AProcessThatDrainsIsBusyUntilItsStatesAreDone) {
  State::Seen seen;
  seen.busy = true;
  auto local = std::make_unique<http::WorkerLocal<State>>(services_, makerOf(seen));
  local->get(loop_);
  EXPECT_FALSE(services_.busy());
  services_.finish();
  EXPECT_TRUE(services_.busy()) << "at once, before the worker has heard of it";
  ASSERT_TRUE(runUntil([&] { return seen.finished == 1; }));
  EXPECT_TRUE(services_.busy());
  seen.busy = false;
  EXPECT_TRUE(runUntil([&] { return !services_.busy(); }));
  EXPECT_EQ(seen.gone, 0) << "requests under way may still hand something to it";
  local.reset();
  EXPECT_TRUE(runUntil([&] { return seen.gone == 1; }));
}

TEST_F(ServicesAlone, CountersOfOneNameAndLabelAreOneAndTheNumberOfLabelsIsBounded) {
  const stats::Metric metric{
      "tollgate_test_total", "A test.", stats::Kind::kCounter, stats::Unit::kNone, {"who"}};
  worker().counter(metric, {"a"}).add();
  worker().counter(metric, {"a"}).add();
  EXPECT_EQ(counted("tollgate_test_total", {"a"}), 2);
  for (int i = 0; i < 1000; ++i) worker().counter(metric, {std::to_string(i)}).add();
  EXPECT_GT(counted("tollgate_test_total", {"other"}), 700);
  for (const auto& family : registry_.snapshot()) EXPECT_LE(family.samples.size(), 201u);
}

}  // namespace
}  // namespace tollgate::client
