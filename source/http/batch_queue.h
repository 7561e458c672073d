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
  /// "http-log: http://collector:80/", for the operator: no secret.
  std::string name;
  size_t maxBatchSize = 1;                             ///< Entries.
  std::chrono::milliseconds maxCoalescingDelay{1000};  ///< From the first entry of a batch.
  size_t maxEntries = 10000;                           ///< Beyond, the oldest are dropped.
  size_t maxBytes = 0;                                 ///< Likewise; 0: as the node's limit has it.
  std::chrono::milliseconds maxRetryTime{60000};       ///< From a batch's first attempt.
  std::chrono::milliseconds initialRetryDelay{10};     ///< Doubled with every attempt, up to
  std::chrono::milliseconds maxRetryDelay{60000};      ///< this.
  bool parallel =
      false;  ///< concurrency_limit -1: every entry by itself, at once, without retries.
};

/// Entries that a filter has written, on their way to a receiver that may be slow or away: requests
/// never wait for it, and what it keeps is bounded. One worker's; a WorkerState, so that what is
/// queued is still sent when the configuration or the process ends, within limits.
///
/// Batches go out one after the other. One that fails is sent again after a delay until
/// maxRetryTime is over, then dropped. All drops are counted and told to the operator.
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

  /// How the newest configuration has it.
  void setSend(Send send);

  size_t entries() const { return entries_.size() + batch_.size(); }
  size_t bytes() const { return bytes_; }

  void finish() override;
  bool busy() const override { return entries() > 0; }

 private:
  enum class Waiting : uint8_t { kNothing, kEntries, kReceiver, kRetry };
  void dropOldest(size_t count, std::string_view reason);
  void consider();
  void sendBatch();
  void sendAlone(std::string entry);
  void onSent(const Status& status);
  void retryOrDrop(const Error& error);
  void endBatch(bool delivered);
  void onTimer();
  void release(size_t bytes);
  void warn(std::string_view text);

  WorkerServices& services_;
  const BatchQueueSettings settings_;
  std::shared_ptr<Send> send_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::deque<std::string> entries_;  ///< Behind those of batch_.
  size_t bytes_ = 0;                 ///< Of all entries.
  Batch batch_;                      ///< On its way.
  Waiting waiting_ = Waiting::kNothing;
  event::TimePoint firstEntry_{};  ///< Of the batch that is being gathered.
  event::TimePoint firstAttempt_{};
  int attempts_ = 0;
  bool crowded_ = false;  ///< It was told that the queue is at 80 % of its capacity.
  bool failing_ = false;  ///< It was told that entries were lost, or could not be sent.
  bool finishing_ = false;
  event::MemberTimer<BatchQueue, &BatchQueue::onTimer> timer_{*this};
};

}  // namespace tollgate::http
