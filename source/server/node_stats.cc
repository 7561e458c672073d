#include "source/server/node_stats.h"

#include <algorithm>

#include "source/base/regex.h"

namespace tollgate::server {
namespace {

using stats::Kind;
using stats::Metric;
using stats::Unit;

Metric gauge(std::string name, std::string help, Unit unit = Unit::kNone) {
  return {"tollgate_" + std::move(name), std::move(help), Kind::kGauge, unit};
}

uint64_t current(const stats::Gauge& gauge) {
  return static_cast<uint64_t>(std::max<int64_t>(0, gauge.value()));
}

}  // namespace

void NodeStats::add(const proxy::WorkerContext& context) {
  context.describe(registry_);
  contexts_.push_back(&context);
}

void NodeStats::watch(Control& control) {
  const Control* of = &control;
  registry_.add(gauge("configuration_revision", "The revision that the workers run."),
                [of] { return static_cast<int64_t>(of->standing().revision); });
  registry_.add(
      gauge("configuration_problems", "Entities that were left out of the configuration."),
      [of] { return static_cast<int64_t>(of->standing().problemCount); });
  registry_.add(gauge("store_reachable", "1 while the database answers, else 0."),
                [of] { return int64_t{of->storeReachable()}; });
  registry_.add(gauge("store_behind",
                      "1 while the database is behind the revision that this node runs, else 0."),
                [of] { return int64_t{of->standing().behind}; });
  registry_.add(
      gauge("memory_resident_bytes", "Memory of the process that is in RAM.", Unit::kBytes),
      [] { return static_cast<int64_t>(ProcessMemory::resident()); });
  registry_.add(
      gauge("heap_held_bytes", "What the allocator has taken from the system, some seconds ago.",
            Unit::kBytes),
      [this] { return static_cast<int64_t>(memory_.heap().held); });
  registry_.add(gauge("heap_used_bytes", "What of that is in use.", Unit::kBytes),
                [this] { return static_cast<int64_t>(memory_.heap().inUse); });
  registry_.add(
      gauge("regex_memory_left_bytes",
            "What is left for regular expressions of routes (regex_memory).", Unit::kBytes),
      [] { return RegexMemory::left(); });
}

/// Gauges are read one after the other: what moves from one to another meanwhile must not make the
/// rest negative.
admin::ServerCounters NodeStats::server() const {
  admin::ServerCounters out;
  for (const proxy::WorkerContext* context : contexts_) {
    const proxy::WorkerCounters& counters = context->counters;
    out.accepted += counters.accepted;
    out.handled += counters.handled + current(counters.greeting);
    out.requests += counters.begun;
    out.active += current(counters.active) + current(counters.greeting);
    out.reading += current(counters.reading) + current(counters.greeting);
    out.waiting += current(counters.waiting);
    for (const auto* rules : {&context->rules, &context->tunnelRules}) {
      const net::ConnectionCounters& ended = rules->counters;
      out.ended.handshake += ended.handshake;
      out.ended.send += ended.send;
      out.ended.lingeringTime += ended.lingerTime;
      out.ended.lingeringBytes += ended.lingerBytes;
    }
  }
  out.handled = std::min(out.handled, out.accepted);
  out.waiting = std::min(out.waiting, out.active);
  out.reading = std::min(out.reading, out.active - out.waiting);
  out.writing = out.active - out.waiting - out.reading;
  return out;
}

}  // namespace tollgate::server
