#include "source/server/control.h"

#include <gtest/gtest.h>

#include <future>

#include "source/event/event_loop.h"
#include "source/store/sqlite/sqlite_store.h"

namespace tollgate::server {
namespace {

class ControlTest : public testing::Test {
 protected:
  ControlTest() {
    auto store = store::openMemory(store::KeyExtractor::fromSchemas());
    Control::Options options;
    options.publishLimit = std::chrono::milliseconds(1);
    control_ = std::make_unique<Control>(std::move(store).value(), nullptr, nullptr, options);
    control_->setNode({"node-1", "host", "0.1.0", 0, "running"});
    EXPECT_TRUE(control_->load());
    control_->start({&worker_});
  }

  /// Runs `work` on the control thread.
  template <typename Work>
  auto there(Work work) {
    std::promise<decltype(work())> done;
    control_->post([&] { done.set_value(work()); });
    return done.get_future().get();
  }
  std::string writeAndAsk(const std::string& id) {
    return there([&] {
      auto outcome = control_->commit({{store::Change::Op::kInsert,
                                        "consumers",
                                        id,
                                        {{"id", id}, {"username", "consumer-" + id}}}},
                                      {"test", "test"});
      EXPECT_TRUE(std::holds_alternative<store::Commit>(outcome));
      return control_->notLive();
    });
  }

  event::EventLoop loop_;
  proxy::WorkerContext worker_{
      loop_,
      {},
      upstream::StreamPool::Settings{},
      [](const upstream::Target&, int) { return nullptr; },
      {}};
  std::unique_ptr<Control> control_;
};

/// A worker that is busy for longer than the limit: the write is stored and not live.
TEST_F(ControlTest, SaysWhatAWorkerDidNotTakeOverInTime) {
  EXPECT_EQ(writeAndAsk("00000000-0000-4000-8000-000000000001"),
            "revision 1 is stored, but 1 of 1 workers did not take it over within 1 ms");
  EXPECT_EQ(control_->standing().revision, 0U);
  EXPECT_EQ(control_->self().revision, 0U);
  loop_.runOnce(event::Millis(0));
  EXPECT_EQ(there([&] { return control_->notLive(); }), "");
  EXPECT_EQ(there([&] { return control_->revision(); }), 1U);
  // The thread tells it when it has done its tasks.
  EXPECT_EQ(there([&] { return control_->standing().revision; }), 1U);
  EXPECT_EQ(control_->self().revision, 1U);
}

TEST_F(ControlTest, ALaterRevisionMakesUpForAnEarlierOne) {
  EXPECT_NE(writeAndAsk("00000000-0000-4000-8000-000000000001"), "");
  EXPECT_NE(writeAndAsk("00000000-0000-4000-8000-000000000002").find("revision 2"),
            std::string::npos);
  loop_.runOnce(event::Millis(0));
  EXPECT_EQ(there([&] { return control_->notLive(); }), "");
}

}  // namespace
}  // namespace tollgate::server
