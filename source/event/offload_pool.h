#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "source/event/event_loop.h"

namespace tollgate::event {

/// Threads for work that would hold up a loop: password hashes, files. The work owns all that it
/// touches; what it has found is handed over on the loop that has asked. Work runs in the order in
/// which it came, as many pieces at once as there are threads, which begin with the first one.
/// Lifetime: stop() comes before the end of any loop that may have asked.
/// Threads: run() any.
class OffloadPool {
 public:
  struct Settings {
    size_t threads = 1;
    size_t maxQueued = 1000;  ///< Pieces of work that wait; more are refused.
  };
  explicit OffloadPool(Settings settings) : settings_(settings) {}
  ~OffloadPool() { stop(); }
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  /// Calls `work` on a thread of the pool, then `done` on `loop`, in a later pass. False, and
  /// neither is called, when too much waits or the pool has stopped.
  [[nodiscard]] bool run(EventLoop& loop, std::function<void()> work, std::function<void()> done);

  /// The same where `work()` gives a value, which `done(value)` takes.
  template <typename Work, typename Done>
  [[nodiscard]] bool compute(EventLoop& loop, Work work, Done done) {
    using Value = std::invoke_result_t<Work>;
    auto value = std::make_shared<std::unique_ptr<Value>>();
    return run(
        loop,
        [value, work = std::move(work)]() mutable { *value = std::make_unique<Value>(work()); },
        [value, done = std::move(done)]() mutable { done(std::move(**value)); });
  }

  /// Ends the threads after what they are at; what waits is dropped, and nobody is called any more.
  void stop();

  struct Counts {
    uint64_t done = 0, refused = 0;
    size_t waiting = 0;
  };
  /// Any thread.
  Counts counts() const;

 private:
  struct Piece {
    EventLoop* loop;
    std::function<void()> work, done;
  };
  void serve();

  const Settings settings_;
  mutable std::mutex mutex_;  ///< Guards what follows.
  std::condition_variable wake_;
  std::deque<Piece> queue_;
  std::vector<std::thread> threads_;
  Counts counts_;
  bool stopped_ = false;
};

}  // namespace tollgate::event
