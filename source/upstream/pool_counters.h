#pragma once

#include "source/http2/counters.h"
#include "source/stats/histogram.h"

namespace tollgate::stats {
class Registry;
}

namespace tollgate::upstream {

/// What the pool of one worker does. Written by that worker, read by any thread.
struct PoolCounters {
  stats::Counter opened;   ///< Connections that were begun.
  stats::Counter reused;   ///< Requests that got one that was there.
  stats::Counter renewed;  ///< Requests sent anew, since the idle one that they got was closed.
  stats::Gauge open, idle;
  stats::Histogram<stats::kMillisBounds> connect;  ///< Until TCP and TLS are there.

  http2::OriginCounters http2;

  void describe(stats::Registry& registry) const;
};

}  // namespace tollgate::upstream
