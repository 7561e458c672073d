#pragma once

#include <cstdint>
#include <string_view>

#include "source/net/address.h"

namespace tollgate::proxy {

/// What the filter chains of one listener demand of clients' certificates. A chain is chosen by the
/// server name of the TLS hello, a route by the request's host: where these differ, a client could
/// come in by a chain that demands less. Immutable, any thread.
class ClientPolicies {
 public:
  /// The policy of the chain that takes connections from `peer` to `localPort` for that server
  /// name, `protocol` being the one agreed on. Equal numbers stand for equal demands; `otherwise`
  /// where no chain takes them.
  virtual int policyFor(const net::Address& peer, uint16_t localPort, std::string_view serverName,
                        std::string_view protocol, int otherwise) const = 0;

 protected:
  ~ClientPolicies() = default;
};

/// The policy that a connection came in under; `all` is nullptr where its listener has no other.
struct ClientPolicy {
  const ClientPolicies* all = nullptr;
  int own = 0;
};

}  // namespace tollgate::proxy
