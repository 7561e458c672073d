#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/schema/entity_schema.h"

namespace tollgate::admin {

/// What this node knows of the addresses behind upstreams. Control thread only.
class UpstreamHealth {
 public:
  struct Address {
    std::string ip;  ///< IPv6 in brackets and in full.
    uint16_t port = 0;
    uint64_t weight = 0;
    bool healthy = true;
  };
  /// One target as the balancer sees it.
  struct Target {
    std::string dns;  ///< "A", "AAAA" or "SRV"; without addresses the reason why.
    std::vector<Address> addresses;
  };
  struct Balancer {
    bool checked = false;         ///< Whether health checks are on.
    bool healthy = false;         ///< Whether requests can be served.
    std::vector<Target> targets;  ///< In the order of the query.
  };
  virtual ~UpstreamHealth() = default;

  /// The state of these targets (documents, all of this upstream).
  virtual Balancer query(const Json& upstream, const std::vector<Json>& targets) = 0;
  /// Marks the addresses of a target, or only `address` ("ip:port", "" for all), on all nodes. The
  /// error's message is the answer to the client.
  virtual Status mark(const Json& upstream, const Json& target, const std::string& address,
                      bool healthy) = 0;
};

/// Host and port of a stored target.
struct TargetParts {
  std::string host;  ///< IPv6 in brackets.
  uint16_t port = 0;
};
TargetParts partsOf(const std::string& target);

/// The state of upstreams whose health nobody checks: each target that is an address is healthy.
class UncheckedHealth final : public UpstreamHealth {
 public:
  Balancer query(const Json& upstream, const std::vector<Json>& targets) override;
  Status mark(const Json& upstream, const Json& target, const std::string& address,
              bool healthy) override;
};

}  // namespace tollgate::admin
