#include "source/client/services.h"

#include <utility>

#include "source/client/worker.h"

namespace tollgate::client {

using event::EventLoop;

Services::Services(Settings settings, http::OperatorLog& log, http::Dependencies& dependencies,
                   stats::Registry& registry)
    : settings_(std::move(settings)),
      log_(log),
      dependencies_(dependencies),
      registry_(registry),
      offload_(settings_.offload),
      queueMemory_(settings_.queueMemory),
      damper_(settings_.logInterval),
      slots_(settings_.workers) {
  describe();
}

Services::~Services() { offload_.stop(); }

void Services::describe() {
  using stats::Kind, stats::Unit;
  const auto figure = [this](const char* name, const char* help, Kind kind, Unit unit, auto value) {
    registry_.add({name, help, kind, unit, {}}, [value] { return static_cast<int64_t>(value()); });
  };
  figure("tollgate_offload_done_total", "Pieces of work done off the event loops.", Kind::kCounter,
         Unit::kNone, [this] { return offload_.counts().done; });
  figure("tollgate_offload_refused_total", "Pieces of work refused, for too many waited.",
         Kind::kCounter, Unit::kNone, [this] { return offload_.counts().refused; });
  figure("tollgate_offload_waiting", "Pieces of work that wait for a thread.", Kind::kGauge,
         Unit::kNone, [this] { return offload_.counts().waiting; });
  figure("tollgate_queue_memory_bytes", "What filters' queues hold of queue_memory.", Kind::kGauge,
         Unit::kBytes, [this] { return queueMemory_.used(); });
}

http::WorkerServices& Services::of(EventLoop& loop) {
  for (Slot& slot : slots_) {
    EventLoop* owner = slot.loop.load(std::memory_order_acquire);
    if (owner == &loop) return *slot.worker;
  }
  return open(loop);
}

http::WorkerServices& Services::open(EventLoop& loop) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (std::exchange(slot.used, true)) continue;
    slot.worker = std::make_unique<Worker>(*this, loop, i);
    slot.loop.store(&loop, std::memory_order_release);
    return *slot.worker;
  }
  std::abort();  // Settings::workers is what the process has made
}

/// With the mutex, or on the loop's own thread.
Worker* Services::find(EventLoop& loop) {
  for (Slot& slot : slots_) {
    if (slot.loop.load(std::memory_order_acquire) == &loop) return slot.worker.get();
  }
  return nullptr;
}

/// `task(worker)` on the thread of each, in a later pass, unless it has ended by then.
template <typename Task>
void Services::onEveryWorker(const Task& task) {
  std::lock_guard lock(mutex_);  // no loop ends meanwhile
  for (Slot& slot : slots_) {
    EventLoop* loop = slot.loop.load(std::memory_order_relaxed);
    if (loop == nullptr) continue;
    loop->post([this, loop, task] {
      if (Worker* worker = find(*loop)) task(*worker);
    });
  }
}

void Services::keepLocal(EventLoop& loop, uint64_t id, std::unique_ptr<http::WorkerState> state) {
  if (Worker* worker = find(loop)) worker->keep(id, std::move(state));
}

void Services::endLocal(uint64_t id) {
  onEveryWorker([id](Worker& worker) { worker.retire(id); });
}

void Services::finish() {
  std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) {
    EventLoop* loop = slot.loop.load(std::memory_order_relaxed);
    if (loop == nullptr) continue;
    slot.worker->expectFinish();
    loop->post([this, loop] {
      if (Worker* worker = find(*loop)) worker->finishAll();
    });
  }
}

bool Services::busy() const {
  std::lock_guard lock(mutex_);
  for (const Slot& slot : slots_) {
    if (slot.worker != nullptr && slot.worker->busy()) return true;
  }
  return false;
}

void Services::endWorker(EventLoop& loop) {
  std::unique_ptr<Worker> ended;
  {
    std::lock_guard lock(mutex_);
    for (Slot& slot : slots_) {
      if (slot.loop.load(std::memory_order_relaxed) != &loop) continue;
      slot.loop.store(nullptr, std::memory_order_release);
      ended = std::move(slot.worker);
    }
  }
  if (ended == nullptr) return;
  ended->close();
  // What it has closed is freed at the end of this pass, before it.
  loop.post([&loop, worker = std::make_shared<std::unique_ptr<Worker>>(std::move(ended))] {
    loop.deferDelete(std::move(*worker));
  });
}

void Services::warn(std::string_view key, std::string_view text) {
  const auto left = damper_.admit(key, Damper::Clock::now());
  if (left) log_.warn(std::string(text) + left->text());
}

stats::Counter& Services::newCounter(const stats::Metric& metric, stats::LabelValues labels) {
  std::lock_guard lock(mutex_);
  counters_.push_back(std::make_unique<stats::Counter>());
  registry_.add(metric, *counters_.back(), std::move(labels));
  return *counters_.back();
}

}  // namespace tollgate::client
