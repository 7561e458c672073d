#include "source/net/connection_limits.h"

#include "source/stats/registry.h"

namespace tollgate::net {

void ConnectionCounters::describe(stats::Registry& registry, const std::string& of) const {
  const stats::Metric bytes{"tollgate_" + of + "_bytes_total",
                            "Bytes received and sent on these connections, without TLS.",
                            stats::Kind::kCounter,
                            stats::Unit::kBytes,
                            {"direction"}};
  registry.add(bytes, bytesRead, {"received"});
  registry.add(bytes, bytesWritten, {"sent"});
  const stats::Metric ended = endedMetric(of);
  registry.add(ended, handshake, {"ssl_handshake_timeout"});
  registry.add(ended, send, {"send_timeout"});
  registry.add(ended, lingerTime, {"lingering_time"});
  registry.add(ended, lingerBytes, {"lingering_bytes"});
}

stats::Metric ConnectionCounters::endedMetric(const std::string& of) {
  return {"tollgate_" + of + "_connections_ended_total",
          "Connections that a limit has ended.",
          stats::Kind::kCounter,
          stats::Unit::kNone,
          {"limit"}};
}

}  // namespace tollgate::net
