#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "filters/http/rate_limiting/redis_client.h"

namespace tollgate::filters::rate_limiting {

/// The clients of one Redis, one for each worker. Looking one up takes no lock. A client outlives
/// this until its worker makes one for another Redis.
class WorkerClients : public std::enable_shared_from_this<WorkerClients> {
 public:
  WorkerClients(RedisSettings settings, std::shared_ptr<::tollgate::http::Dependency> dependency)
      : settings_(std::move(settings)), dependency_(std::move(dependency)) {}
  /// The client of the calling thread's loop. Whoever has it asked must keep this alive until it
  /// has answered.
  RedisClient& get(event::EventLoop& loop);
  const RedisSettings& settings() const { return settings_; }

 private:
  static constexpr size_t kMaxWorkers = 1025;  ///< Of the setting nginx_worker_processes, and main.
  struct Slot {
    std::atomic<event::EventLoop*> loop{nullptr};
    RedisClient* client = nullptr;
  };
  RedisSettings settings_;
  std::shared_ptr<::tollgate::http::Dependency> dependency_;
  std::mutex mutex_;  ///< Guards adding a slot.
  std::unique_ptr<Slot[]> slots_{new Slot[kMaxWorkers]};
};

}  // namespace tollgate::filters::rate_limiting
