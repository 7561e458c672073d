#include "source/http/batch_queue.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tollgate::http {
namespace {

/// So much of the coalescing delay counts as over.
constexpr std::chrono::milliseconds kDelaySlack{50};
constexpr size_t kCrowdedPercent = 80;
/// What an entry costs beside its bytes, in the node's account.
constexpr size_t kEntryOverhead = 64;

size_t costOf(const std::string& entry) { return entry.size() + kEntryOverhead; }

}  // namespace

struct BatchQueue::Counters {
  static constexpr std::array<std::string_view, static_cast<size_t>(Drop::kCount)> kReasons = {
      "max_entries", "max_bytes", "queue_memory", "entry_too_long", "max_retry_time", "end"};

  Counters(WorkerServices& services, const std::string& filter)
      : sent(services.counter({"tollgate_queue_entries_sent_total",
                               "Entries of filters' queues that their receiver has taken.",
                               stats::Kind::kCounter,
                               stats::Unit::kNone,
                               {"filter"}},
                              {filter})),
        failed(services.counter({"tollgate_queue_attempts_failed_total",
                                 "Batches that their receiver has not taken, each time.",
                                 stats::Kind::kCounter,
                                 stats::Unit::kNone,
                                 {"filter"}},
                                {filter})) {
    for (size_t i = 0; i < dropped.size(); ++i) {
      dropped[i] = &services.counter(
          {"tollgate_queue_entries_dropped_total",
           "Entries of filters' queues that were dropped, by the limit that was reached.",
           stats::Kind::kCounter,
           stats::Unit::kNone,
           {"filter", "limit"}},
          {filter, std::string(kReasons[i])});
    }
  }
  stats::Counter& sent;
  stats::Counter& failed;
  std::array<stats::Counter*, static_cast<size_t>(Drop::kCount)> dropped;
};

BatchQueue::BatchQueue(WorkerServices& services, BatchQueueSettings settings, Send send)
    : services_(services),
      settings_(std::move(settings)),
      send_(std::move(send)),
      receiver_(services.process().dependencies().use(
          settings_.name, "entries are kept and sent again, up to the limits of the queue")),
      counters_(std::make_unique<Counters>(services, settings_.filter)) {}

BatchQueue::~BatchQueue() {
  const size_t left = entries();
  if (left > 0) {
    count(Drop::kEnd, left,
          "the queue ended before its receiver took " + std::to_string(left) + " entries");
  }
  services_.process().queueMemory().giveBack(bytes_);
}

void BatchQueue::push(std::string entry) {
  if (settings_.maxBytes > 0 && entry.size() > settings_.maxBytes) {
    return count(Drop::kTooLong, 1,
                 "string to be queued is longer (" + std::to_string(entry.size()) +
                     " bytes) than the queue's max_bytes (" + std::to_string(settings_.maxBytes) +
                     " bytes)");
  }
  const size_t cost = costOf(entry);
  if (!makeRoom(entry.size()) || !takeMemory(cost)) return;
  bytes_ += cost;
  if (settings_.parallel) return sendAlone(std::move(entry));
  entries_.push_back(std::move(entry));
  watchCrowd();
  pump();
}

/// As the queue's own limits have it. False, and counted, if the new entry has to go.
bool BatchQueue::makeRoom(size_t bytes) {
  while (entries() >= settings_.maxEntries) {
    if (settings_.parallel) {
      count(Drop::kEntries, 1, "too many entries are on their way, new ones are dropped");
      return false;
    }
    if (!dropOldest(Drop::kEntries)) break;  // all are at the receiver: one more does not hurt
  }
  if (settings_.maxBytes == 0) return true;
  while (bytes_ - entries() * kEntryOverhead + bytes > settings_.maxBytes) {
    if (dropOldest(Drop::kBytes)) continue;
    count(Drop::kBytes, 1, "byte capacity exceeded, queue entries are dropped");
    return false;
  }
  return true;
}

/// As the node's limit has it.
bool BatchQueue::takeMemory(size_t bytes) {
  FilterServices::QueueMemory& memory = services_.process().queueMemory();
  while (!memory.take(bytes)) {
    if (dropOldest(Drop::kNodeMemory)) continue;
    count(Drop::kNodeMemory, 1, "the node's queue_memory is used up, queue entries are dropped");
    return false;
  }
  return true;
}

/// One that is not at the receiver just now. False if there is none.
bool BatchQueue::dropOldest(Drop why) {
  size_t freed = 0;
  if (state_ == State::kWaiting) {
    freed = costOf(batch_.front());
    batch_.erase(batch_.begin());
  } else if (!entries_.empty()) {
    freed = costOf(entries_.front());
    entries_.pop_front();
  } else {
    return false;
  }
  giveBack(freed);
  count(why, 1,
        why == Drop::kEntries
            ? "queue full, dropping old entries until processing is successful again"
        : why == Drop::kBytes ? "byte capacity exceeded, queue entries are dropped"
                              : "the node's queue_memory is used up, queue entries are dropped");
  if (state_ == State::kWaiting && batch_.empty()) endBatch();
  return true;
}

void BatchQueue::count(Drop why, size_t entries, std::string_view text) {
  counters_->dropped[static_cast<size_t>(why)]->add(entries);
  const std::string line = settings_.name + ": " + std::string(text);
  const std::string_view reason = Counters::kReasons[static_cast<size_t>(why)];
  services_.process().warn(settings_.name + std::string(reason), line);
}

void BatchQueue::watchCrowd() {
  const bool crowded = entries() * 100 > settings_.maxEntries * kCrowdedPercent;
  if (crowded && !crowded_) {
    services_.process().warn(
        settings_.name + "crowded",
        settings_.name + ": queue at " + std::to_string(kCrowdedPercent) + "% capacity");
  }
  crowded_ = crowded;
}

/// Sends as long as there is something to send and somebody to take it at once.
void BatchQueue::pump() {
  while (!inSend_ && (state_ == State::kIdle || state_ == State::kGathering)) {
    if (entries_.empty()) {
      state_ = State::kIdle;
      return event::EventLoop::cancel(timer_);
    }
    if (!due()) return;
    const size_t size = std::min(entries_.size(), settings_.maxBatchSize);
    for (size_t i = 0; i < size; ++i) {
      batch_.push_back(std::move(entries_.front()));
      entries_.pop_front();
    }
    attempts_ = 0;
    firstAttempt_ = services_.loop().now();
    attempt();
  }
}

/// Whether the batch has its size, or has waited long enough; else the timer is armed.
bool BatchQueue::due() {
  const event::TimePoint now = services_.loop().now();
  if (state_ == State::kIdle) {
    state_ = State::kGathering;
    batchDue_ = now + settings_.maxCoalescingDelay;
  }
  if (entries_.size() >= settings_.maxBatchSize || finishing_) return true;
  if (now + kDelaySlack >= batchDue_) return true;
  services_.loop().armAt(timer_, batchDue_);
  return false;
}

void BatchQueue::attempt() {
  event::EventLoop::cancel(timer_);
  state_ = State::kSending;
  ++attempts_;
  inSend_ = true;
  send_(batch_, [this, alive = std::weak_ptr<bool>(alive_), turn = ++turn_](const Status& status) {
    if (!alive.expired()) onSent(turn, status);
  });
  inSend_ = false;
}

void BatchQueue::onSent(uint32_t turn, const Status& status) {
  if (turn != turn_ || state_ != State::kSending) return;
  if (!status) return onFailed(status.error());
  receiver_->answered();
  counters_->sent.add(batch_.size());
  endBatch();
  pump();
}

void BatchQueue::onFailed(const Error& error) {
  counters_->failed.add();
  receiver_->failed(error.message);
  event::EventLoop& loop = services_.loop();
  if (loop.now() - firstAttempt_ >= settings_.maxRetryTime) {
    const size_t lost = batch_.size();
    endBatch();
    count(Drop::kRetryTime, lost,
          "could not send entries due to max_retry_time exceeded. " + std::to_string(lost) +
              " queue entries were lost");
    return pump();
  }
  auto delay = settings_.maxRetryDelay;
  constexpr int kMostDoublings = 30;
  const int doublings = std::min(attempts_ - 1, kMostDoublings);
  if (settings_.initialRetryDelay.count() <= (settings_.maxRetryDelay.count() >> doublings)) {
    delay = std::min(delay, settings_.initialRetryDelay * (int64_t{1} << doublings));
  }
  state_ = State::kWaiting;
  loop.arm(timer_, delay);
}

/// The batch is delivered, or given up.
void BatchQueue::endBatch() {
  size_t freed = 0;
  for (const std::string& entry : batch_) freed += costOf(entry);
  batch_.clear();
  giveBack(freed);
  state_ = State::kIdle;
  event::EventLoop::cancel(timer_);
  watchCrowd();
}

void BatchQueue::sendAlone(std::string entry) {
  ++alone_;
  auto batch = std::make_shared<Batch>();
  batch->push_back(std::move(entry));
  auto heard = std::make_shared<bool>(false);
  send_(*batch, [this, batch, heard, alive = std::weak_ptr<bool>(alive_)](const Status& status) {
    if (std::exchange(*heard, true) || alive.expired()) return;
    --alone_;
    giveBack(costOf(batch->front()));
    if (status) {
      receiver_->answered();
      return counters_->sent.add();
    }
    counters_->failed.add();
    receiver_->failed(status.error().message);
    count(Drop::kRetryTime, 1, "an entry was lost, for none is sent twice (concurrency_limit -1)");
  });
}

void BatchQueue::onTimer() {
  if (state_ == State::kWaiting) attempt();
  pump();
}

void BatchQueue::finish() {
  finishing_ = true;
  pump();
}

void BatchQueue::giveBack(size_t bytes) {
  bytes_ -= bytes;
  services_.process().queueMemory().giveBack(bytes);
}

}  // namespace tollgate::http
