#pragma once

#include <cstdint>

namespace tollgate::upstream {

/// What a service holds of the upstream that it names: where each worker finds the cluster. Lives
/// as long as any snapshot refers to it, so that a slot never means two upstreams at a time.
struct ClusterHandle {
  uint32_t slot = 0;
};

}  // namespace tollgate::upstream
