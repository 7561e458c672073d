#include "filters/http/rate_limiting/worker_clients.h"

namespace tollgate::filters::rate_limiting {

RedisClient& WorkerClients::get(event::EventLoop& loop) {
  size_t i = 0;
  for (; i < kMaxWorkers; ++i) {
    event::EventLoop* owner = slots_[i].loop.load(std::memory_order_acquire);
    if (owner == &loop) return *slots_[i].client;
    if (owner == nullptr) break;
  }
  auto fresh = std::make_unique<RedisClient>(loop, settings_, dependency_);
  RedisClient& client = *fresh;
  loop.keep(std::move(fresh), weak_from_this());
  std::lock_guard lock(mutex_);
  while (i + 1 < kMaxWorkers && slots_[i].loop.load(std::memory_order_relaxed) != nullptr) ++i;
  slots_[i].client = &client;
  slots_[i].loop.store(&loop, std::memory_order_release);
  return client;
}

}  // namespace tollgate::filters::rate_limiting
