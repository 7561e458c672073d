#pragma once

#include <atomic>
#include <cstdint>

#include "source/upstream/cluster_spec.h"

namespace tollgate::upstream {

/// What an attempt or a probe tells of an endpoint.
enum class HealthEvent : uint8_t { kSuccess, kTcpFailure, kHttpFailure, kTimeout };

/// Whether an endpoint gets traffic, and the four counters that decide it. Attempts and probes
/// count in the same counters, each against limits of their own.
///
/// | state     | event           | counters                      | at its limit |
/// | --------- | --------------- | ----------------------------- | ------------ |
/// | healthy   | success         | nothing, unless some failure is pending: failures to 0, success
/// + 1 | counters to 0 | | healthy   | failure         | success to 0, its failure + 1 | unhealthy,
/// counters to 0 | | unhealthy | failure         | nothing, unless some success is pending: success
/// to 0, its failure + 1 | counters to 0 | | unhealthy | success         | failures to 0, success +
/// 1    | healthy, counters to 0 |
///
/// An event whose limit is 0 changes nothing. Any thread; never waits.
class EndpointHealth {
 public:
  bool healthy() const { return (word_.load(std::memory_order_relaxed) & kUnhealthy) == 0; }

  /// Counts an event. True if the state has changed by it.
  bool report(HealthEvent event, const HealthLimits& limits);
  /// Counts an HTTP status; ignores those that are in neither list. `status` 0: not HTTP at all.
  bool reportStatus(int status, const HealthLimits& limits);
  /// Sets the state by hand; counters to 0. True if the state has changed.
  bool set(bool healthy);

 private:
  // Four counters of 8 bits, then the flags.
  static constexpr uint64_t kUnhealthy = uint64_t{1} << 32;
  /// Some event against the state has been counted since the counters were last 0.
  static constexpr uint64_t kPending = uint64_t{1} << 33;

  std::atomic<uint64_t> word_{0};
};

}  // namespace tollgate::upstream
