#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/http/filter_services.h"

namespace tollgate::http {

/// How a queue gathers, keeps and sends its entries; the names are Kong's.
struct BatchQueueSettings {
  std::string filter;  ///< "http-log"; its counters are named by it.
  /// "http-log plugin 3f…: queue http://collector:80/", for the operator: no secret.
  std::string name;
  size_t maxBatchSize = 1;                             ///< Entries.
  std::chrono::milliseconds maxCoalescingDelay{1000};  ///< From the first entry of a batch.
  size_t maxEntries = 10000;                           ///< Beyond, the oldest are dropped.
  size_t maxBytes = 0;                                 ///< Likewise; 0: up to the node's limit.
  std::chrono::milliseconds maxRetryTime{60000};       ///< From a batch's first attempt.
  std::chrono::milliseconds initialRetryDelay{10};     ///< Doubled with every attempt, up to
  std::chrono::milliseconds maxRetryDelay{60000};      ///< this.
  /// concurrency_limit -1: every entry is sent by itself, at once, without retries.
  bool parallel = false;
};

/// Entries that a filter has written, on their way to a receiver that may be slow or away: requests
/// never wait for it, and what it keeps is bounded, by its own settings and by the node's
/// queue_memory. One worker's; a WorkerState, so that what is queued is still sent when the
/// configuration or the process ends, within limits.
///
/// Batches go out one after the other. One that fails is sent again after a delay until
/// maxRetryTime is over, then dropped. All drops are counted, and told to the operator.
class BatchQueue final : public WorkerState {
 public:
  using Batch = std::vector<std::string>;
  /// What became of a batch: called once, from the loop, maybe before Send returns.
  using Sent = std::function<void(Status)>;
  /// Sends a batch, which stays as it is until `sent` is called. It owns all that it needs: it is
  /// used longer than the filter that has made it.
  using Send = std::function<void(const Batch& batch, Sent sent)>;

  BatchQueue(WorkerServices& services, BatchQueueSettings settings, Send send);
  ~BatchQueue() override;

  void push(std::string entry);
  /// What is sent from now on goes this way.
  void setSend(Send send) { send_ = std::move(send); }

  size_t entries() const { return entries_.size() + batch_.size() + alone_; }
  size_t bytes() const { return bytes_; }

  void finish() override;
  bool busy() const override { return entries() > 0; }

 private:
  enum class State : uint8_t {
    kIdle,       ///< Nothing is queued.
    kGathering,  ///< Entries wait for more of a batch.
    kSending,    ///< A batch is at the receiver.
    kWaiting,    ///< A batch waits for its next attempt.
  };
  enum class Drop : uint8_t { kEntries, kBytes, kNodeMemory, kTooLong, kRetryTime, kEnd, kCount };
  struct Counters;

  bool makeRoom(size_t bytes);
  bool takeMemory(size_t bytes);
  bool dropOldest(Drop why);
  void count(Drop why, size_t entries, std::string_view text);
  void watchCrowd();
  void pump();
  bool due();
  void attempt();
  void sendAlone(std::string entry);
  void onSent(uint32_t turn, const Status& status);
  void onFailed(const Error& error);
  void endBatch();
  void onTimer();
  void giveBack(size_t bytes);

  WorkerServices& services_;
  const BatchQueueSettings settings_;
  Send send_;
  const std::shared_ptr<Dependency> receiver_;
  std::unique_ptr<Counters> counters_;
  std::deque<std::string> entries_;  ///< Behind those of batch_.
  Batch batch_;                      ///< At the receiver, or waiting for its next attempt.
  size_t alone_ = 0;                 ///< Entries that are sent by themselves.
  size_t bytes_ = 0;                 ///< Of all entries.
  State state_ = State::kIdle;
  uint32_t turn_ = 0;  ///< Of the attempt: who answers twice, or late, is not heard.
  int attempts_ = 0;
  bool inSend_ = false;
  bool crowded_ = false;  ///< It was told that 80 % of its capacity are used.
  bool finishing_ = false;
  event::TimePoint batchDue_{};
  event::TimePoint firstAttempt_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  event::MemberTimer<BatchQueue, &BatchQueue::onTimer> timer_{*this};
};

}  // namespace tollgate::http
