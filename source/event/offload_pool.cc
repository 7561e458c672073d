#include "source/event/offload_pool.h"

namespace tollgate::event {

bool OffloadPool::run(EventLoop& loop, std::function<void()> work, std::function<void()> done) {
  std::lock_guard lock(mutex_);
  if (stopped_ || queue_.size() >= settings_.maxQueued) {
    ++counts_.refused;
    return false;
  }
  queue_.push_back({&loop, std::move(work), std::move(done)});
  if (threads_.empty()) {
    for (size_t i = 0; i < settings_.threads; ++i) threads_.emplace_back([this] { serve(); });
  }
  wake_.notify_one();
  return true;
}

void OffloadPool::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    Piece piece = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    piece.work();
    piece.work = nullptr;  // what it owned does not wait for the loop
    piece.loop->post(std::move(piece.done));
    lock.lock();
    ++counts_.done;
  }
}

void OffloadPool::stop() {
  std::deque<Piece> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

OffloadPool::Counts OffloadPool::counts() const {
  std::lock_guard lock(mutex_);
  Counts out = counts_;
  out.waiting = queue_.size();
  return out;
}

}  // namespace tollgate::event
