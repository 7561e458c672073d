#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/damper.h"
#include "source/http/operator_log.h"

namespace tollgate::http {

/// A server that filters ask while requests wait (a Redis, say), and whether it answers. The
/// operator reads of troubles in the log, once in an interval for each reason, and in /status.
/// Threads: any. Neither locks nor allocates while nothing changes.
class Dependency {
 public:
  /// `name`: "rate-limiting: Redis 127.0.0.1:6379"; no secret. `consequence`: what becomes of
  /// requests meanwhile. `log` may be null, else it outlives this.
  Dependency(std::string name, std::string consequence, OperatorLog* log,
             std::chrono::milliseconds interval);

  void answered() {
    if (!good_.load(std::memory_order_relaxed)) nowGood();
  }
  /// `reason`: for people, without secrets.
  void failed(std::string_view reason);

  struct State {
    std::string name;
    bool good = true;  ///< Answered when it was last asked, or was not asked yet.
    bool asked = false;
    std::string reason;       ///< Where it is not good.
    int64_t sinceMillis = 0;  ///< Unix time; of the first failure in a row.
    uint64_t failures = 0;    ///< Since the start.
  };
  State state() const;
  const std::string& name() const { return name_; }

 private:
  void nowGood();

  const std::string name_, consequence_;
  OperatorLog* log_;
  Damper damper_;
  std::atomic<bool> good_{false};  ///< False also before the first answer.
  std::atomic<uint64_t> failures_{0};
  std::atomic<size_t> reasonHash_{0};  ///< Of reason_; 0: none.
  mutable std::mutex mutex_;           ///< Guards what follows.
  std::string reason_;
  int64_t sinceMillis_ = 0;
};

/// The dependencies of a process. Threads: any.
class Dependencies {
 public:
  Dependencies(OperatorLog* log, std::chrono::milliseconds interval)
      : log_(log), interval_(interval) {}

  /// The one of that name, made if nobody uses it yet. It is listed for as long as somebody has it.
  std::shared_ptr<Dependency> use(std::string name, std::string consequence);
  std::vector<Dependency::State> list();

 private:
  OperatorLog* log_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Dependency>> all_;
};

}  // namespace tollgate::http
