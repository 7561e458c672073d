#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "source/base/damper.h"
#include "source/http/filter_services.h"

namespace tollgate::client {

class Worker;

/// The services of this process. Outlives every filter, and every loop that it was asked for on.
class Services final : public http::FilterServices {
 public:
  struct Settings {
    size_t workers = 1;  ///< Loops that may ever ask, at most.
    net::ResolverSettings resolver = {};
    event::OffloadPool::Settings offload = {};
    size_t queueMemory = 64 * 1024 * 1024;  ///< Of all queues together.
    std::chrono::milliseconds logInterval{30000};
  };
  /// All that is borrowed outlives it.
  Services(Settings settings, http::OperatorLog& log, http::Dependencies& dependencies,
           stats::Registry& registry);
  ~Services();

  http::WorkerServices& of(event::EventLoop& loop) override;
  size_t workers() const override { return slots_.size(); }
  event::OffloadPool& offload() override { return offload_; }
  void warn(std::string_view key, std::string_view text) override;
  http::Dependencies& dependencies() override { return dependencies_; }
  QueueMemory& queueMemory() override { return queueMemory_; }

  /// All states of all workers finish, for the process drains. Any thread.
  void finish();
  /// After finish(): whether something is still to be done. Any thread.
  bool busy() const;
  /// Everything of the loop's worker ends; it must not ask any more. On its thread, a pass before
  /// the loop stops.
  void endWorker(event::EventLoop& loop);
  /// No more work off the loops; before the first of them ends.
  void stopOffload() { offload_.stop(); }

 private:
  friend class Worker;
  struct Slot {
    std::atomic<event::EventLoop*> loop{nullptr};
    std::unique_ptr<Worker> worker;
    bool used = false;  ///< Numbers are not given twice: states are found by them.
  };
  void keepLocal(event::EventLoop& loop, uint64_t id,
                 std::unique_ptr<http::WorkerState> state) override;
  void endLocal(uint64_t id) override;
  uint64_t newLocalId() override { return nextLocal_.fetch_add(1, std::memory_order_relaxed); }

  http::WorkerServices& open(event::EventLoop& loop);
  Worker* find(event::EventLoop& loop);
  template <typename Task>
  void onEveryWorker(const Task& task);
  stats::Counter& newCounter(const stats::Metric& metric, stats::LabelValues labels);
  void describe();

  const Settings settings_;
  http::OperatorLog& log_;
  http::Dependencies& dependencies_;
  stats::Registry& registry_;
  event::OffloadPool offload_;
  QueueMemory queueMemory_;
  Damper damper_;
  std::atomic<uint64_t> nextLocal_{1};
  mutable std::mutex mutex_;  ///< Guards what follows, but for reading Slot::loop.
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<stats::Counter>> counters_;  ///< As long as somebody may look.
};

}  // namespace tollgate::client
