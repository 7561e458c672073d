#include "source/upstream/pool_counters.h"

#include <utility>

#include "source/stats/registry.h"

namespace tollgate::upstream {

using stats::Kind;
using stats::Metric;
using stats::Unit;

void PoolCounters::describe(stats::Registry& registry) const {
  const auto counter = [](std::string name, std::string help) {
    return Metric{"tollgate_upstream_" + std::move(name), std::move(help), Kind::kCounter};
  };
  registry.add(counter("connections_opened_total", "Connections to origins that were begun."),
               opened);
  registry.add(counter("connections_reused_total",
                       "Requests that were sent on a connection that others had been sent on."),
               reused);
  registry.add(counter("requests_renewed_total",
                       "Requests sent again on a new connection, since the origin had closed the "
                       "one that was kept."),
               renewed);
  registry.add({"tollgate_upstream_connections_open", "Connections to origins.", Kind::kGauge},
               open);
  registry.add({"tollgate_upstream_connections_idle",
                "Connections to origins that are kept for later requests.", Kind::kGauge},
               idle);
  registry.add({"tollgate_upstream_connect_milliseconds",
                "Time until a connection to an origin, TLS included, was there.", Kind::kHistogram,
                Unit::kMillis},
               connect.view());
  http2.describe(registry);
}

}  // namespace tollgate::upstream
