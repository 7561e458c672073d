#pragma once

#include <array>

#include "source/http2/cost_account.h"
#include "source/stats/cell.h"

namespace tollgate::stats {
class Registry;
}

namespace tollgate::http2 {

/// What happens on the HTTP/2 connections of one worker. Written by it, read by any thread.
struct Counters {
  stats::Counter streams;  ///< That clients have begun.
  stats::Counter refused;  ///< Beyond the limit of concurrent ones.
  stats::Counter delayed;  ///< Had to wait: the account was low, or much was queued.
  stats::Counter calmed;   ///< Connections that were ended since their account was empty.
  std::array<stats::Counter, kCosts> costs;
  // Streams that a limit has ended.
  stats::Counter sendTimeout;  ///< The client did not take the answer.
  // It went on for too long with a body that nobody wants: in all, without a byte, in bytes.
  stats::Counter lingerTime, lingerIdle, lingerBytes;

  void describe(stats::Registry& registry) const;
};

/// What happens on the HTTP/2 connections of one worker to origins. Likewise.
struct OriginCounters {
  stats::Counter streams;  ///< That were begun.
  stats::Counter refused;  ///< By the origin, alone.
  stats::Counter goaways;  ///< Connections that the origin asked not to use any more.
  stats::Counter calmed;   ///< Connections that were ended since their account was empty.
  stats::Counter silent;   ///< Connections that were ended since a PING was not answered.

  void describe(stats::Registry& registry) const;
};

}  // namespace tollgate::http2
