#include "source/proxy/worker_counters.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "source/net/connection_limits.h"
#include "source/stats/registry.h"

namespace tollgate::proxy {
namespace {

using stats::Kind;
using stats::Metric;
using stats::Unit;

constexpr std::string_view kRefusalNames[] = {
    "malformed",        "method_not_allowed", "body_timeout",   "body_too_large",
    "target_too_long",  "misdirected",        "head_too_large", "not_supported",
    "no_route",         "no_service",         "wrong_protocol", "open_admin",
    "route_too_costly", "no_configuration"};
static_assert(std::size(kRefusalNames) == kRefusals);

Metric counter(std::string name, std::string help, std::vector<std::string> labels = {}) {
  return {"tollgate_" + std::move(name), std::move(help), Kind::kCounter, Unit::kNone,
          std::move(labels)};
}

}  // namespace

std::string_view nameOf(Refusal refusal) { return kRefusalNames[static_cast<size_t>(refusal)]; }

uint64_t StatusCounters::total() const {
  uint64_t total = 0;
  for (const stats::Counter& cell : cells_) total += cell.value();
  return total;
}

void StatusCounters::describe(stats::Registry& registry) const {
  registry.add(counter("requests_total", "Requests that are over, by the status of their answer.",
                       {"class", "code"}),
               [this](stats::Gathering& values) {
                 for (unsigned i = 0; i < cells_.size(); ++i) {
                   if (cells_[i].value() == 0) continue;
                   const auto value = static_cast<int64_t>(cells_[i].value());
                   if (i == kOther) {
                     values.add({"other", "other"}, value);
                   } else {
                     const unsigned code = kFirst + i;
                     values.add({std::to_string(code / 100) + "xx", std::to_string(code)}, value);
                   }
                 }
               });
}

/// An answer that tells of an origin's failure is no refusal.
void WorkerCounters::countRefusal(const http::ExchangeInfo& info, int status) {
  const auto count = [&](Refusal refusal) { refusals[static_cast<size_t>(refusal)].add(); };
  const bool engine = info.answeredBy == http::AnsweredBy::kEngine;
  switch (status) {
    case 400:
    case 417:
      return count(Refusal::kMalformed);
    case 403:
      return count(Refusal::kOpenAdmin);
    case 404:
      return count(Refusal::kNoRoute);
    case 405:
      return count(Refusal::kMethod);
    case 408:
      return count(Refusal::kBodyTimeout);
    case 413:
      return count(Refusal::kBodyTooLarge);
    case 414:
      return count(Refusal::kTargetTooLong);
    case 421:
      return count(Refusal::kMisdirected);
    case 431:
      return count(Refusal::kHeadTooLarge);
    case 500:
      return engine ? count(Refusal::kRouteTooCostly) : void();
    case 501:
    case 505:
      return count(Refusal::kNotSupported);
    case 503:
      if (engine) return count(Refusal::kNoConfiguration);
      return info.service == nullptr ? count(Refusal::kNoService) : void();
    case 502:
    case 504:
      return;
    default:  // what a route may ask for: 415, 426 or a redirect
      return count(Refusal::kProtocol);
  }
}

void WorkerCounters::describe(stats::Registry& registry) const {
  registry.add(counter("connections_accepted_total", "Connections from clients."), accepted);
  registry.add(counter("connections_handled_total",
                       "Connections from clients for which there was a filter chain."),
               handled);
  const Metric refused = counter("connections_refused_total",
                                 "Connections from clients that were closed at once.", {"reason"});
  registry.add(refused, unmatched, {"no_filter_chain"});
  registry.add(refused, openAdmin, {"open_admin"});
  const Metric states{"tollgate_connections",
                      "Connections from clients: in a handshake or a request head, with a request "
                      "under way, or between requests.",
                      Kind::kGauge,
                      Unit::kNone,
                      {"state"}};
  registry.add(states, [this](stats::Gathering& values) {
    const int64_t idle = waiting.value(), heads = reading.value();
    values.add({"reading"}, heads + greeting.value());
    values.add({"writing"}, std::max<int64_t>(0, active.value() - heads - idle));
    values.add({"waiting"}, idle);
  });
  const Metric limited = net::ConnectionCounters::endedMetric("client");
  registry.add(limited, headTimeout, {"header_timeout"});
  registry.add(limited, idleTimeout, {"keepalive_timeout"});
  registry.add(limited, unwantedBody, {"lingering_timeout"});
  registry.add(limited, descriptors, {"descriptors"});

  registry.add(counter("requests_begun_total", "Requests from clients."), begun);
  ended.describe(registry);
  registry.add(counter("requests_refused_total",
                       "Requests that the gateway itself has refused, filters aside.", {"reason"}),
               std::span<const stats::Counter>(refusals),
               [](size_t i) { return nameOf(static_cast<Refusal>(i)); });
  registry.add(counter("upstream_retries_total", "Attempts after the first one of a request."),
               retries);
  registry.add(
      counter("upstream_failures_total",
              "Attempts at an origin that brought no whole answer; the reasons are those of the "
              "logs.",
              {"reason"}),
      std::span<const stats::Counter>(failures).subspan(1),  // the first is no cause
      [](size_t i) { return http::nameOf(static_cast<http::FailureCause>(i + 1)); });
  http2.describe(registry);
}

}  // namespace tollgate::proxy
