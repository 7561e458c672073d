#include "source/http/batch_queue.h"

#include "test/client/support.h"

namespace tollgate::client {
namespace {

using http::BatchQueue;
using std::chrono::milliseconds;

/// A queue whose receiver notes what comes, and answers when it is told to.
class QueueTest : public ServicesTest {
 protected:
  http::BatchQueueSettings quick() {
    http::BatchQueueSettings out;
    out.filter = "test-log";
    out.name = "test-log: queue there";
    out.maxCoalescingDelay = milliseconds(0);
    return out;
  }
  BatchQueue& make(http::BatchQueueSettings settings) {
    queue_ =
        std::make_unique<BatchQueue>(worker(), std::move(settings),
                                     [this](const BatchQueue::Batch& batch, BatchQueue::Sent sent) {
                                       batches_.push_back(batch);
                                       if (answer_) return sent(*answer_);
                                       waiting_.push_back(std::move(sent));
                                     });
    return *queue_;
  }
  void answer(size_t which, Status status) { waiting_.at(which)(std::move(status)); }
  int64_t dropped(const std::string& limit) {
    return counted("tollgate_queue_entries_dropped_total", {"test-log", limit});
  }
  int64_t sent() { return counted("tollgate_queue_entries_sent_total", {"test-log"}); }

  using Batches = std::vector<BatchQueue::Batch>;
  Batches batches_;
  std::vector<BatchQueue::Sent> waiting_;
  std::optional<Status> answer_;
  std::unique_ptr<BatchQueue> queue_;
  ~QueueTest() override { queue_.reset(); }
};

const Status kAway = Error::unavailable("connection refused");

TEST_F(QueueTest, ABatchOfOneIsSentAtOnceAndTheNextWhenItIsTaken) {
  BatchQueue& queue = make(quick());
  queue.push("a");
  queue.push("b");
  EXPECT_EQ(batches_, Batches({{"a"}}));
  answer(0, {});
  EXPECT_EQ(batches_, Batches({{"a"}, {"b"}}));
  answer(1, {});
  EXPECT_FALSE(queue.busy());
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_EQ(services_.queueMemory().used(), 0u);
  EXPECT_EQ(sent(), 2);
}

TEST_F(QueueTest, ABatchIsSentWhenItHasItsSizeOrItsTimeIsOver) {
  auto settings = quick();
  settings.maxBatchSize = 2;
  settings.maxCoalescingDelay = milliseconds(3600'000);
  answer_ = Status();
  BatchQueue& queue = make(settings);
  queue.push("a");
  for (int i = 0; i < 5; ++i) loop_.runOnce(event::Millis(1));
  EXPECT_TRUE(batches_.empty());
  queue.push("b");
  EXPECT_EQ(batches_, Batches({{"a", "b"}}));
  settings.maxCoalescingDelay = milliseconds(80);
  BatchQueue& patient = make(settings);
  patient.push("c");
  EXPECT_EQ(batches_.size(), 1u);
  EXPECT_TRUE(runUntil([&] { return batches_.size() == 2; }));
  EXPECT_EQ(batches_[1], BatchQueue::Batch({"c"}));
}

TEST_F(QueueTest, ABatchThatFailsIsSentAgainUntilItIsTaken) {
  BatchQueue& queue = make(quick());
  queue.push("a");
  answer(0, kAway);
  EXPECT_TRUE(queue.busy());
  ASSERT_TRUE(runUntil([&] { return batches_.size() == 2; }));
  answer(1, kAway);
  ASSERT_TRUE(runUntil([&] { return batches_.size() == 3; }));
  EXPECT_TRUE(log_.have("connection refused"));
  answer(2, {});
  EXPECT_EQ(batches_, Batches({{"a"}, {"a"}, {"a"}}));
  EXPECT_FALSE(queue.busy());
  EXPECT_TRUE(log_.have("answers again"));
  EXPECT_EQ(counted("tollgate_queue_attempts_failed_total", {"test-log"}), 2);
}

TEST_F(QueueTest, ABatchIsGivenUpWhenItsTimeForRetriesIsOver) {
  auto settings = quick();
  settings.maxRetryTime = milliseconds(0);
  BatchQueue& queue = make(settings);
  queue.push("a");
  queue.push("b");
  answer(0, kAway);
  EXPECT_EQ(batches_, Batches({{"a"}, {"b"}}));
  EXPECT_EQ(dropped("max_retry_time"), 1);
  EXPECT_TRUE(log_.have("max_retry_time exceeded. 1 queue entries were lost"));
}

TEST_F(QueueTest, TheOldestGoWhenThereAreTooMany) {
  auto settings = quick();
  settings.maxEntries = 3;
  BatchQueue& queue = make(settings);
  for (const char* entry : {"a", "b", "c", "d", "e"}) queue.push(entry);
  EXPECT_EQ(queue.entries(), 3u);
  EXPECT_EQ(dropped("max_entries"), 2);
  EXPECT_TRUE(log_.have("queue full, dropping old entries until processing is successful again"));
  EXPECT_TRUE(log_.have("queue at 80% capacity"));
  answer_ = Status();
  answer(0, {});
  EXPECT_EQ(batches_, Batches({{"a"}, {"d"}, {"e"}})) << "a was at the receiver";
}

TEST_F(QueueTest, OneThatWaitsForItsNextAttemptIsTheOldest) {
  auto settings = quick();
  settings.maxEntries = 2;
  settings.initialRetryDelay = settings.maxRetryDelay = milliseconds(3600'000);
  BatchQueue& queue = make(settings);
  queue.push("a");
  answer(0, kAway);
  queue.push("b");
  queue.push("c");
  EXPECT_EQ(batches_, Batches({{"a"}, {"b"}}));
  EXPECT_EQ(dropped("max_entries"), 1);
}

TEST_F(QueueTest, BytesAreBoundedForTheQueueAndForTheNode) {
  auto settings = quick();
  settings.maxBytes = 10;
  BatchQueue& queue = make(settings);
  queue.push("aaaa");
  queue.push("bbbb");
  queue.push("cccc");
  EXPECT_EQ(queue.entries(), 2u);
  EXPECT_EQ(dropped("max_bytes"), 1);
  queue.push("more than ten");
  EXPECT_EQ(dropped("entry_too_long"), 1);
  EXPECT_TRUE(log_.have("string to be queued is longer (13 bytes)"));

  BatchQueue& large = make(quick());
  for (int i = 0; i < 10; ++i) large.push(std::string(900, 'x'));
  EXPECT_LE(services_.queueMemory().used(), services_.queueMemory().limit());
  EXPECT_EQ(dropped("queue_memory"), 6);
  queue_.reset();
  EXPECT_EQ(services_.queueMemory().used(), 0u);
}

TEST_F(QueueTest, OnConcurrencyOfMinusOneEveryEntryGoesByItself) {
  auto settings = quick();
  settings.parallel = true;
  settings.maxEntries = 3;
  BatchQueue& queue = make(settings);
  for (const char* entry : {"a", "b", "c", "d"}) queue.push(entry);
  EXPECT_EQ(batches_, Batches({{"a"}, {"b"}, {"c"}}));
  EXPECT_EQ(dropped("max_entries"), 1);
  answer(1, {});
  answer(0, kAway);
  answer(2, {});
  EXPECT_EQ(batches_.size(), 3u) << "none is sent twice";
  EXPECT_FALSE(queue.busy());
  EXPECT_EQ(sent(), 2);
  EXPECT_EQ(dropped("max_retry_time"), 1);
}

TEST_F(QueueTest, WhatIsGatheredIsSentWhenTheFilterOrTheProcessEnds) {
  auto settings = quick();
  settings.maxBatchSize = 100;
  settings.maxCoalescingDelay = milliseconds(3600'000);
  BatchQueue& queue = make(settings);
  queue.push("a");
  queue.push("b");
  queue.finish();
  EXPECT_EQ(batches_, Batches({{"a", "b"}}));
  EXPECT_TRUE(queue.busy());
  answer(0, {});
  EXPECT_FALSE(queue.busy());
}

TEST_F(QueueTest, AnAnswerAfterTheEndOrASecondOneIsNotHeard) {
  BatchQueue& queue = make(quick());
  queue.push("a");
  answer(0, {});
  answer(0, kAway);
  EXPECT_FALSE(queue.busy());
  queue.push("b");
  queue_.reset();
  answer(1, {});
  EXPECT_EQ(dropped("end"), 1);
  EXPECT_TRUE(log_.have("1 entries"));
}

TEST_F(QueueTest, AReceiverThatTakesThingsAtOnceIsNoMatterOfDepth) {
  BatchQueue& queue = make(quick());
  queue.push("first");
  for (int i = 0; i < 9; ++i) queue.push("x");
  answer_ = Status();
  answer(0, {});
  EXPECT_EQ(batches_.size(), 10u);
  EXPECT_FALSE(queue.busy());
}

}  // namespace
}  // namespace tollgate::client
