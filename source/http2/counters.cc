#include "source/http2/counters.h"

#include <span>

#include "source/stats/registry.h"

namespace tollgate::http2 {

namespace {

stats::Metric counter(std::string name, std::string help, std::vector<std::string> labels = {}) {
  return {"tollgate_" + std::move(name), std::move(help), stats::Kind::kCounter, stats::Unit::kNone,
          std::move(labels)};
}

}  // namespace

void Counters::describe(stats::Registry& registry) const {
  registry.add(counter("http2_streams_total", "Streams that clients have begun.", {}), streams);
  registry.add(
      counter("http2_streams_refused_total",
              "Streams beyond the limit of concurrent ones (http2_max_concurrent_streams).", {}),
      refused);
  registry.add(counter("http2_streams_delayed_total",
                       "Streams that had to wait, since their connection's cost account was low or "
                       "too much of its answers was not taken.",
                       {}),
               delayed);
  const auto ended =
      counter("http2_streams_ended_total", "Streams that a limit has ended.", {"limit"});
  registry.add(ended, sendTimeout, {"send_timeout"});
  registry.add(ended, lingerTime, {"lingering_time"});
  registry.add(ended, lingerIdle, {"lingering_timeout"});
  registry.add(ended, lingerBytes, {"lingering_bytes"});
  registry.add(counter("http2_costs_total",
                       "What was charged to the cost accounts of connections: how often, by what.",
                       {"cost"}),
               std::span<const stats::Counter>(costs),
               [](size_t i) { return nameOf(static_cast<Cost>(i)); });
  registry.add(counter("http2_connections_calmed_total",
                       "Connections that were ended since their cost account was empty.", {}),
               calmed);
}

void OriginCounters::describe(stats::Registry& registry) const {
  registry.add(counter("upstream_http2_streams_total", "Streams that were begun at origins."),
               streams);
  registry.add(counter("upstream_http2_streams_refused_total",
                       "Streams that an origin has refused, on a connection that goes on."),
               refused);
  registry.add(counter("upstream_http2_goaways_total",
                       "Connections on which an origin has said that it takes no more streams."),
               goaways);
  const auto ended = counter("upstream_http2_connections_ended_total",
                             "Connections to origins that were ended by the gateway.", {"reason"});
  registry.add(ended, calmed, {"cost_account"});
  registry.add(ended, silent, {"ping_timeout"});
}

}  // namespace tollgate::http2
