#pragma once

#include <cstdint>
#include <string_view>

#include "source/event/event_loop.h"
#include "source/upstream/worker_clusters.h"

namespace tollgate::proxy {

/// Where one exchange stands in the cluster that its service names; empty for all others. The
/// version of the cluster is held until the exchange is over, so that members keep their numbers.
struct EndpointChoice {
  upstream::ClusterView* view = nullptr;        ///< Retained.
  uint32_t member = upstream::Balancer::kNone;  ///< Counted as busy while it is not kNone.
  uint32_t hash = 0;                            ///< Under consistent hashing.
  uint32_t* tried = nullptr;                    ///< Members that failed, in the arena.
  uint32_t triedCount = 0;
  uint32_t triedRoom = 0;
  event::TimePoint began{};    ///< Of the attempt.
  std::string_view setCookie;  ///< To hand out with the response.
};

}  // namespace tollgate::proxy
