#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "source/http/exchange_info.h"
#include "source/http/failure.h"
#include "source/http2/counters.h"
#include "source/stats/cell.h"

namespace tollgate::stats {
class Registry;
}

namespace tollgate::proxy {

/// Why the gateway itself has refused a request. What filters refuse is theirs to count, and what
/// fails at the origin is a http::FailureCause. nameOf() says how each is written.
enum class Refusal : uint8_t {
  kMalformed,        ///< 400 and 417: it is not HTTP, or against its rules.
  kMethod,           ///< 405: TRACE and CONNECT.
  kBodyTimeout,      ///< 408: client_body_timeout, client_body_min_rate.
  kBodyTooLarge,     ///< 413
  kTargetTooLong,    ///< 414
  kMisdirected,      ///< 421
  kHeadTooLarge,     ///< 431
  kNotSupported,     ///< 501 and 505: a transfer coding, a version of HTTP.
  kNoRoute,          ///< 404
  kNoService,        ///< 503: the route has none.
  kProtocol,         ///< 426, 415, or a redirect: the route asks for HTTPS or gRPC.
  kOpenAdmin,        ///< 403: it leads to an Admin API that asks nobody who they are.
  kRouteTooCostly,   ///< 500: its path is too much for the regular expressions of the routes.
  kNoConfiguration,  ///< 503: the node has none yet.
};
constexpr size_t kRefusals = static_cast<size_t>(Refusal::kNoConfiguration) + 1;

/// "body_too_large": stable, for metrics.
std::string_view nameOf(Refusal refusal);

/// Answered requests by status. A status that HTTP does not know counts as "other", and so does a
/// request that ended without any.
class StatusCounters {
 public:
  void add(int status) {
    const auto at = static_cast<unsigned>(status) - kFirst;
    cells_[at < kOther ? at : kOther].add();
  }
  /// Of all of them.
  uint64_t total() const;
  /// `metric`: labels are the class ("2xx") and the code; those that never came are left out.
  void describe(stats::Registry& registry) const;

 private:
  static constexpr unsigned kFirst = 100, kOther = 500;
  std::array<stats::Counter, kOther + 1> cells_;
};

/// What one worker counts of its clients and their requests. Written by it, read by any thread.
struct WorkerCounters {
  stats::Counter accepted;  ///< Connections that the kernel has given.
  stats::Counter handled;   ///< Of those: for which there was a filter chain.
  stats::Gauge active;      ///< Those of a chain that are open now.
  // Where they stand; the others have a request under way.
  stats::Gauge greeting;  ///< Of no chain yet, and not in `active`: its ClientHello is read.
  stats::Gauge reading;   ///< In the handshake or a request head.
  stats::Gauge waiting;   ///< Between requests.
  // Connections that a limit has ended, beside those of net::ConnectionCounters.
  stats::Counter headTimeout, idleTimeout, unwantedBody, descriptors;
  // Connections that were refused.
  stats::Counter unmatched;  ///< No chain took them.
  stats::Counter openAdmin;  ///< tcp-proxy: to an Admin API that asks nobody who they are.

  stats::Counter begun;  ///< Requests.
  StatusCounters ended;  ///< Likewise.
  std::array<stats::Counter, kRefusals> refusals;
  stats::Counter retries;  ///< Attempts after the first one of a request.
  std::array<stats::Counter, http::kFailureCauses> failures;  ///< Attempts that failed.
  http2::Counters http2;

  uint64_t of(Refusal refusal) const { return refusals[static_cast<size_t>(refusal)]; }
  /// An attempt at an origin has failed.
  void count(http::FailureCause cause) { failures[static_cast<size_t>(cause)].add(); }
  /// A request is over; `status`: of its answer.
  void requestEnded(const http::ExchangeInfo& info, int status) {
    ended.add(status);
    if (info.attempts > 1) retries.add(static_cast<uint64_t>(info.attempts - 1));
    if (info.answeredBy == http::AnsweredBy::kGateway ||
        info.answeredBy == http::AnsweredBy::kEngine) {
      countRefusal(info, status);
    }
  }
  void describe(stats::Registry& registry) const;

 private:
  void countRefusal(const http::ExchangeInfo& info, int status);
};

}  // namespace tollgate::proxy
