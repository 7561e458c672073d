#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "source/base/result.h"
#include "source/log/line_ring.h"
#include "source/log/log_output.h"

namespace tollgate::log {

/// One thread that writes lines to a file, pipe or terminal. Whoever logs never waits for it: what
/// does not fit is dropped, counted, and told of in the log when there is room again.
class LogWriter {
 public:
  static constexpr size_t kRingBytes = 256 * 1024;
  static constexpr size_t kQueueLines = 1024;
  /// How long the destructor goes on writing what is queued, and how long it waits in all for a
  /// thread that the system holds up: that one is left behind.
  static constexpr std::chrono::milliseconds kLastFlush{500};
  static constexpr std::chrono::milliseconds kEndLimit{1000};

  /// `path`: see LogOutput.
  static Result<std::unique_ptr<LogWriter>> open(const std::string& path);
  explicit LogWriter(std::string path, LogOutput output);
  ~LogWriter();

  /// A ring for one producing thread; owned here. Before the thread begins to log.
  LineRing& addRing();
  /// Any thread, for lines that are rare: queues a copy.
  void submit(std::string line);
  /// After a push: wakes the writer only if it sleeps. Any thread; rarely a system call.
  void wake() {
    if (state_->asleep.load(std::memory_order_relaxed)) wakeSleeper();
  }
  /// Opens the path anew, after the file was moved away. Any thread.
  void reopen() {
    state_->reopen.store(true);
    wakeSleeper();
  }
  /// Lines that were dropped so far. Any thread.
  uint64_t lost() const { return state_->lostInAll.load(std::memory_order_relaxed); }

 private:
  /// What the thread uses; its own where it had to be left behind.
  struct State {
    State(std::string path, LogOutput output) : path(std::move(path)), output(std::move(output)) {}
    void run();
    bool gather();
    bool flush(std::chrono::milliseconds limit);
    void openAgain();
    void lose(uint64_t lines);

    // The thread's.
    const std::string path;
    LogOutput output;
    std::string pending;
    uint64_t lost = 0;  ///< Not told of yet.

    std::mutex mutex;  ///< Guards what follows up to `ended`, not the rings.
    std::condition_variable wake;
    std::vector<std::unique_ptr<LineRing>> rings;
    std::vector<std::string> queue;
    uint64_t queueLost = 0;
    bool stopping = false;
    bool ended = false;
    std::atomic<bool> asleep{false};
    std::atomic<bool> reopen{false};
    std::atomic<uint64_t> lostInAll{0};
  };
  void wakeSleeper();

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace tollgate::log
