#include "source/http2/counters.h"

#include <span>

#include "source/stats/registry.h"

namespace tollgate::http2 {

void Counters::describe(stats::Registry& registry) const {
  const auto counter = [](std::string name, std::string help, std::vector<std::string> labels) {
    return stats::Metric{"tollgate_http2_" + std::move(name), std::move(help),
                         stats::Kind::kCounter, stats::Unit::kNone, std::move(labels)};
  };
  registry.add(counter("streams_total", "Streams that clients have begun.", {}), streams);
  registry.add(
      counter("streams_refused_total",
              "Streams beyond the limit of concurrent ones (http2_max_concurrent_streams).", {}),
      refused);
  registry.add(counter("streams_delayed_total",
                       "Streams that had to wait, since their connection's cost account was low or "
                       "too much of its answers was not taken.",
                       {}),
               delayed);
  const auto ended = counter("streams_ended_total", "Streams that a limit has ended.", {"limit"});
  registry.add(ended, sendTimeout, {"send_timeout"});
  registry.add(ended, lingerTime, {"lingering_time"});
  registry.add(ended, lingerIdle, {"lingering_timeout"});
  registry.add(ended, lingerBytes, {"lingering_bytes"});
  registry.add(counter("costs_total",
                       "What was charged to the cost accounts of connections: how often, by what.",
                       {"cost"}),
               std::span<const stats::Counter>(costs),
               [](size_t i) { return nameOf(static_cast<Cost>(i)); });
  registry.add(counter("connections_calmed_total",
                       "Connections that were ended since their cost account was empty.", {}),
               calmed);
}

}  // namespace tollgate::http2
