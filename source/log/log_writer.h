#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "source/base/result.h"
#include "source/log/line_ring.h"

namespace tollgate::log {

/// One thread that writes lines to a file, pipe or terminal. Whoever logs never waits for it: what
/// does not fit is dropped, counted, and told of in the log when there is room again.
class LogWriter {
 public:
  static constexpr size_t kRingBytes = 256 * 1024;
  static constexpr size_t kQueueLines = 1024;

  /// `path`: a file (appended to, created with mode 0640) or a device such as /dev/stdout.
  static Result<std::unique_ptr<LogWriter>> open(const std::string& path);
  /// Writes what is queued, as far as the other end takes it within a second.
  ~LogWriter();

  /// A ring for one producing thread; owned here. Before the thread begins to log.
  LineRing& addRing();
  /// Any thread, for lines that are rare: queues a copy.
  void submit(std::string line);
  /// After a push: wakes the writer only if it sleeps. Any thread; rarely a system call.
  void wake() {
    if (asleep_.load(std::memory_order_relaxed)) wakeSleeper();
  }
  /// Opens the path anew, after the file was moved away. Any thread.
  void reopen() {
    reopen_.store(true);
    wakeSleeper();
  }

 private:
  LogWriter(std::string path, int fd);
  void run();
  bool gather();
  void flush(bool last);
  void openAgain();
  void wakeSleeper();

  const std::string path_;
  int fd_;
  bool regular_ = false;
  std::string pending_;
  uint64_t lost_ = 0;
  std::mutex mutex_;  ///< Guards what follows, not the rings.
  std::condition_variable wake_;
  std::vector<std::unique_ptr<LineRing>> rings_;
  std::vector<std::string> queue_;
  uint64_t queueLost_ = 0;
  bool stopping_ = false;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> reopen_{false};
  std::thread thread_;
};

}  // namespace tollgate::log
