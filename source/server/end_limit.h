#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace tollgate::server {

/// The last word on how long the process takes to end: whatever holds up an orderly end (a
/// database, a disk, a thread), it is over at the limit. A thread of its own from the first set()
/// on.
class EndLimit {
 public:
  EndLimit() = default;
  /// The end has come by itself.
  ~EndLimit();
  EndLimit(const EndLimit&) = delete;
  EndLimit& operator=(const EndLimit&) = delete;

  /// The process ends (with 1 if it has to be made to) at the latest so long from now.
  void set(std::chrono::milliseconds limit);

 private:
  using Clock = std::chrono::steady_clock;
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool over_ = false;
  std::thread thread_;
};

}  // namespace tollgate::server
