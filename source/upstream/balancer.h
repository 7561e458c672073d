#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "source/event/event_loop.h"

namespace tollgate::upstream {

class Cluster;

/// Chooses among the members of one cluster, for one worker. Members without weight and those that
/// are unhealthy are never chosen; those that this request has tried only when nothing else is left
/// (latency: not at all).
class Balancer {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Request {
    uint32_t hash = 0;                ///< Of the value that the request is hashed by.
    std::span<const uint32_t> tried;  ///< Members that failed this request.
    event::TimePoint now{};

    bool hasTried(uint32_t member) const {
      return std::find(tried.begin(), tried.end(), member) != tried.end();
    }
  };

  virtual ~Balancer() = default;
  /// The index of a member, or kNone.
  virtual uint32_t pick(const Request& request) = 0;
  /// The load of the member at this worker has changed.
  virtual void loadChanged(uint32_t member) {}
  /// The member has answered `seconds` after the attempt began.
  virtual void answered(uint32_t member, double seconds, event::TimePoint now) {}
};

/// The balancer for the cluster's algorithm; `cluster` must outlive it. `seed`: any number that
/// differs between workers, so that they do not walk in step.
std::unique_ptr<Balancer> makeBalancer(const Cluster& cluster, size_t worker, uint64_t seed,
                                       event::TimePoint now);

}  // namespace tollgate::upstream
