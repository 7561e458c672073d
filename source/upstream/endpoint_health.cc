#include "source/upstream/endpoint_health.h"

namespace tollgate::upstream {
namespace {

constexpr uint64_t kCounterMask = 0xff;
constexpr uint64_t kAllCounters = 0xffffffff;

constexpr int shiftOf(HealthEvent event) { return 8 * static_cast<int>(event); }
constexpr uint64_t kSuccessCounter = kCounterMask << shiftOf(HealthEvent::kSuccess);

uint8_t limitOf(HealthEvent event, const HealthLimits& limits) {
  switch (event) {
    case HealthEvent::kSuccess:
      return limits.successes;
    case HealthEvent::kTcpFailure:
      return limits.tcpFailures;
    case HealthEvent::kHttpFailure:
      return limits.httpFailures;
    case HealthEvent::kTimeout:
      return limits.timeouts;
  }
  return 0;
}

}  // namespace

bool EndpointHealth::report(HealthEvent event, const HealthLimits& limits) {
  const uint8_t limit = limitOf(event, limits);
  if (limit == 0) return false;
  const bool success = event == HealthEvent::kSuccess;
  uint64_t before = word_.load(std::memory_order_relaxed);
  while (true) {
    const bool confirms = success == ((before & kUnhealthy) == 0);
    if (confirms && (before & kPending) == 0) return false;
    uint64_t after =
        success ? before & ~(kAllCounters & ~kSuccessCounter) : before & ~kSuccessCounter;
    const uint64_t count = ((after >> shiftOf(event)) & kCounterMask) + 1;
    if (count >= limit) {
      after = success ? 0 : kUnhealthy;
    } else {
      after = (after & ~(kCounterMask << shiftOf(event))) | count << shiftOf(event) | kPending;
    }
    if (word_.compare_exchange_weak(before, after, std::memory_order_relaxed)) {
      return ((before ^ after) & kUnhealthy) != 0;
    }
  }
}

bool EndpointHealth::reportStatus(int status, const HealthLimits& limits) {
  if (status <= 0) return report(HealthEvent::kHttpFailure, limits);
  if (status >= kMaxStatus) return false;
  if (limits.healthyStatuses[static_cast<size_t>(status)]) {
    return report(HealthEvent::kSuccess, limits);
  }
  if (limits.unhealthyStatuses[static_cast<size_t>(status)]) {
    return report(HealthEvent::kHttpFailure, limits);
  }
  return false;
}

bool EndpointHealth::set(bool healthy) {
  const uint64_t after = healthy ? 0 : kUnhealthy;
  const uint64_t before = word_.exchange(after, std::memory_order_relaxed);
  return ((before ^ after) & kUnhealthy) != 0;
}

}  // namespace tollgate::upstream
