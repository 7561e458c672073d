#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "source/stats/cell.h"

namespace tollgate::stats {
class Registry;
struct Metric;
}  // namespace tollgate::stats

namespace tollgate::net {

/// What a connection grants its peer before it ends by itself; zero: no limit. Silence of an idle
/// connection, and the time that a request may take, are the business of its user.
struct ConnectionLimits {
  /// From the start until the transport is established.
  std::chrono::milliseconds handshake{0};
  /// While output waits: within this time the peer has to take at least `sendLeast` bytes, or all.
  std::chrono::milliseconds send{0};
  size_t sendLeast = 1024;
  /// After the end of our output: for how long what the peer still sends is read and dropped, so
  /// that the answer is not lost in a reset (RFC 9112 section 9.6).
  std::chrono::milliseconds linger{30000};
  /// And for how long it may send nothing meanwhile.
  std::chrono::milliseconds lingerIdle{5000};
  /// What is dropped at most, from close() on.
  uint64_t lingerBytes = 16 * 1024 * 1024;

  /// Of a connection from a client, as nginx has it: client_header_timeout for the handshake,
  /// send_timeout, lingering_time and lingering_timeout.
  static ConnectionLimits ofClients() {
    ConnectionLimits limits;
    limits.handshake = std::chrono::seconds(60);
    limits.send = std::chrono::seconds(60);
    return limits;
  }
};

/// What the connections of one kind on one worker have moved, and how often a limit has ended one.
/// Written by that worker, read by any thread.
struct ConnectionCounters {
  stats::Counter handshake, send, lingerTime, lingerBytes;
  stats::Counter bytesRead, bytesWritten;  ///< Without TLS; what is dropped is not read.

  /// `of`: whose connections they are, as part of the metrics' names.
  void describe(stats::Registry& registry, const std::string& of) const;
  /// Counts connections that were ended, by the one label "limit".
  static stats::Metric endedMetric(const std::string& of);
};

/// The rules for the connections of one kind on one worker; outlives them.
struct ConnectionRules {
  ConnectionLimits limits;
  ConnectionCounters counters;

  ConnectionRules() = default;
  explicit ConnectionRules(const ConnectionLimits& of) : limits(of) {}
};

}  // namespace tollgate::net
