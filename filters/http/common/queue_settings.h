#pragma once

#include <chrono>
#include <cmath>
#include <string>

#include "source/http/batch_queue.h"

namespace tollgate::filters {

/// Seconds as configured, to the millisecond; what is negative counts as none.
inline std::chrono::milliseconds secondsOf(double seconds) {
  constexpr double kMost = 1e9;
  return std::chrono::milliseconds(
      static_cast<int64_t>(std::ceil(std::fmin(std::fmax(seconds, 0), kMost) * 1000)));
}

/// The settings of a plugin's queue, as its configuration has them: `config.queue()`, and the older
/// names beside it. `filter`: the plugin's name; `pluginId` and `to` name the queue to operators.
template <typename Config>
::tollgate::http::BatchQueueSettings queueSettings(const Config& config, const std::string& filter,
                                                   const std::string& pluginId,
                                                   const std::string& to) {
  const auto& queue = config.queue();
  ::tollgate::http::BatchQueueSettings out;
  out.filter = filter;
  out.name = "[" + filter + " plugin " + pluginId + "] queue " + to;
  out.maxBatchSize = static_cast<size_t>(queue.max_batch_size());
  out.maxCoalescingDelay = secondsOf(queue.max_coalescing_delay());
  out.maxEntries = static_cast<size_t>(queue.max_entries());
  out.maxBytes = queue.max_bytes() > 0 ? static_cast<size_t>(queue.max_bytes()) : 0;
  out.maxRetryTime = secondsOf(queue.max_retry_time());
  out.initialRetryDelay = secondsOf(queue.initial_retry_delay());
  out.maxRetryDelay = secondsOf(queue.max_retry_delay());
  out.parallel = queue.concurrency_limit() < 0;
  // What these were by default says nothing.
  if (config.queue_size() > 1) out.maxBatchSize = static_cast<size_t>(config.queue_size());
  constexpr double kUsualFlush = 2;
  if (config.has_flush_timeout() && config.flush_timeout() != kUsualFlush) {
    out.maxCoalescingDelay = secondsOf(config.flush_timeout());
  }
  return out;
}

}  // namespace tollgate::filters
