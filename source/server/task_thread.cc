#include "source/server/task_thread.h"

#include <utility>

namespace tollgate::server {

void TaskThread::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskThread::post(Task task) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void TaskThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto ready = [&] { return stopping_ || !tasks_.empty(); };
    if (!idle_) {
      wake_.wait(lock, ready);
    } else if (!wake_.wait_for(lock, interval_, ready)) {
      lock.unlock();
      idle_();
      lock.lock();
      continue;
    }
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace tollgate::server
