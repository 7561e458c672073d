#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/event/event_loop.h"
#include "source/event/offload_pool.h"
#include "source/http/dependency.h"
#include "source/http/exchange.h"
#include "source/http/http_client.h"
#include "source/http/operator_log.h"
#include "source/net/datagrams.h"
#include "source/net/dialer.h"
#include "source/stats/registry.h"

/// What a filter may ask of the process that it runs in. A filter finds it in
/// FilterContext::services while it is made, and keeps the pointer: the services outlive every
/// filter.
///
///   FilterServices   the process: offload(), warn(), dependencies(); any thread
///   WorkerServices   one worker: http(), dialer(), loop() with its timers, counter(); its thread
///   WorkerLocal<T>   a filter's own state, one T for each worker
///   BatchQueue       entries for a receiver, sent in batches (batch_queue.h)
namespace tollgate::http {

class FilterServices;

/// Something of a filter's that lives on one worker, apart from any exchange: made, used and
/// destroyed on that worker's thread.
class WorkerState {
 public:
  virtual ~WorkerState() = default;
  /// Nothing will be handed to it any more, for the filter or the process ends: what waits is to be
  /// finished soon. It is destroyed when it is not busy(), or after a limit.
  virtual void finish() {}
  virtual bool busy() const { return false; }
};

/// What belongs to one worker; used on its loop's thread only. To wait for a time, arm an
/// event::MemberTimer on loop().
class WorkerServices {
 public:
  event::EventLoop& loop() { return loop_; }
  /// From 0, below FilterServices::workers().
  size_t number() const { return number_; }

  virtual HttpClient& http() = 0;
  virtual net::Dialer& dialer() = 0;
  /// A counter of this worker's, for as long as the process runs: made when it is first asked for;
  /// keep the reference. `metric.kind` is kCounter. The number of label values is bounded: beyond
  /// it all of a metric's are "other".
  virtual stats::Counter& counter(const stats::Metric& metric,
                                  const stats::LabelValues& labels) = 0;
  virtual FilterServices& process() = 0;

 protected:
  WorkerServices(event::EventLoop& loop, size_t number) : loop_(loop), number_(number) {}
  ~WorkerServices() = default;

 private:
  event::EventLoop& loop_;
  const size_t number_;
};

/// See above.
/// Threads: any.
class FilterServices {
 public:
  /// Those of the calling thread's loop: `exchange.loop()`, say. Takes no lock but the first time.
  virtual WorkerServices& of(event::EventLoop& loop) = 0;
  /// How many there may be.
  virtual size_t workers() const = 0;

  /// For CPU-heavy work and for files; see offload() below.
  virtual event::OffloadPool& offload() = 0;
  /// A line for the operator, once in log_repeat_interval for each key, with how often it was left
  /// out.
  virtual void warn(std::string_view key, std::string_view text) = 0;
  virtual Dependencies& dependencies() = 0;

  /// Bytes that queues of all workers may hold together.
  class QueueMemory {
   public:
    explicit QueueMemory(size_t limit) : limit_(limit) {}
    /// False, and nothing is taken, beyond the limit.
    bool take(size_t bytes) {
      if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
      used_.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    void giveBack(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
    size_t used() const { return used_.load(std::memory_order_relaxed); }
    size_t limit() const { return limit_; }

   private:
    std::atomic<size_t> used_{0};
    const size_t limit_;
  };
  virtual QueueMemory& queueMemory() = 0;

 protected:
  ~FilterServices() = default;

 private:
  template <typename T>
  friend class WorkerLocal;
  /// Keeps `state` on the calling thread's worker until endLocal(id), or the worker's end.
  virtual void keepLocal(event::EventLoop& loop, uint64_t id,
                         std::unique_ptr<WorkerState> state) = 0;
  /// Any thread: on every worker, the state of that id finishes and is destroyed.
  virtual void endLocal(uint64_t id) = 0;
  virtual uint64_t newLocalId() = 0;
};

/// One T for each worker that asks for it, made on that worker's thread when first needed. When
/// this goes (with its filter, mostly), each finishes and is destroyed on its own thread. T derives
/// from WorkerState, and owns all that it needs of the filter. Threads: any.
template <typename T>
class WorkerLocal {
 public:
  using Make = std::function<std::unique_ptr<T>(WorkerServices& worker)>;

  WorkerLocal(FilterServices& services, Make make)
      : services_(services),
        make_(std::move(make)),
        id_(services.newLocalId()),
        slots_(services.workers()) {}
  ~WorkerLocal() {
    if (used_.load(std::memory_order_relaxed)) services_.endLocal(id_);
  }
  WorkerLocal(const WorkerLocal&) = delete;
  WorkerLocal& operator=(const WorkerLocal&) = delete;

  /// The calling thread's.
  T& get(event::EventLoop& loop) const {
    WorkerServices& worker = services_.of(loop);
    T* known = slots_[worker.number()].load(std::memory_order_relaxed);
    return known != nullptr ? *known : make(worker);
  }

 private:
  T& make(WorkerServices& worker) const {
    std::unique_ptr<T> made = make_(worker);
    T& state = *made;
    slots_[worker.number()].store(&state, std::memory_order_relaxed);
    used_.store(true, std::memory_order_relaxed);
    services_.keepLocal(worker.loop(), id_, std::move(made));
    return state;
  }

  FilterServices& services_;
  const Make make_;
  const uint64_t id_;
  mutable std::atomic<bool> used_{false};
  mutable std::vector<std::atomic<T*>> slots_;  ///< Each is its worker's.
};

/// Runs `work()` on the offload pool, then `then(exchange, handle, value)` on the exchange's loop,
/// unless the exchange is gone; `handle` resumes what the calling hook has paused by its kPause.
/// `work` owns all that it touches: the exchange's views may be gone. False when too much waits:
/// answer 503 then.
template <typename Work, typename Then>
[[nodiscard]] bool offload(FilterServices& services, Exchange& exchange, Work work, Then then) {
  return services.offload().compute(
      exchange.loop(), std::move(work),
      [handle = exchange.pauseHandle(), then = std::move(then)](auto value) mutable {
        if (Exchange* waiting = handle.get()) then(*waiting, handle, std::move(value));
      });
}

}  // namespace tollgate::http
