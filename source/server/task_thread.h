#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tollgate::server {

/// A thread that runs tasks one after the other, in order. While it has none it runs `idle`, if
/// there is one, every `interval`.
class TaskThread {
 public:
  using Task = std::function<void()>;

  explicit TaskThread(Task idle = {}, std::chrono::milliseconds interval = {})
      : idle_(std::move(idle)), interval_(interval) {}
  ~TaskThread() { stop(); }

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  /// Waits for the task under way; those behind it are dropped.
  void stop();
  /// Any thread, also before start(). Tasks that come after stop() are dropped.
  void post(Task task);

 private:
  void run();

  const Task idle_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tollgate::server
