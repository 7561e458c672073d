#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "source/net/address.h"

namespace tollgate::net {

/// Whether only this machine can reach what listens there.
bool isLoopback(const Address& address);

/// Where this node's own Admin API asks nobody who they are: what must not be reached through the
/// node's traffic unless somebody says so. Immutable once workers have it.
class OpenAdmin {
 public:
  /// What to tell of a way that leads there; "this route " and the like stand before it.
  static constexpr const char* kReason =
      "leads to the node's own Admin API, which asks nobody who they are: requests that nobody "
      "authenticates are refused; put a plugin that authenticates (key-auth) before it, or set "
      "admin_allow_unauthenticated_routes = on";

  void add(const Address& address) { addresses_.push_back(address); }
  bool empty() const { return addresses_.empty(); }

  /// Whether a connection to the address would arrive there. For another port it costs a few
  /// comparisons.
  bool reachedBy(const Address& address) const {
    for (const Address& own : addresses_) {
      if (own.port() == address.port() && meets(own, address)) return true;
    }
    return false;
  }
  /// The same of a host as it is configured: an address, "localhost", or this machine's name. Other
  /// names are known only once they are resolved.
  bool namedBy(std::string_view host, uint16_t port) const;

 private:
  static bool meets(const Address& own, const Address& address);

  std::vector<Address> addresses_;
};

}  // namespace tollgate::net
