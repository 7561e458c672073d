#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/http/filter_factory.h"
#include "source/net/address.h"
#include "source/proxy/client_policies.h"
#include "source/proxy/filter_chain.h"
#include "source/server/settings.h"
#include "source/tls/server_context.h"
#include "tollgate/node/v1/node.pb.h"

namespace tollgate::server {

/// Which connections a chain takes. Empty members match everything.
struct ChainMatch {
  std::vector<std::string> serverNames;  ///< Lower case; "*.example.com" stands for any prefix.
  std::vector<std::string> protocols;    ///< ALPN names, any of them offered.
  std::vector<net::AddressRange> sources;
  uint16_t destinationPort = 0;

  bool needsHello() const { return !serverNames.empty() || !protocols.empty(); }
};

/// A chain of network filters, compiled: TLS or not, then HTTP or plain TCP.
struct Chain {
  /// What the last filter is.
  enum class Kind { kProxy, kAdmin, kStatus, kTcp };
  struct TcpTarget {
    std::string host;
    uint16_t port = 0;
    std::chrono::milliseconds connectTimeout{5000}, idleTimeout{3600000};
  };

  ChainMatch match;
  std::shared_ptr<const tls::ServerContext> tls;  ///< nullptr: cleartext.
  /// What it demands of clients' certificates: chains of a listener with the same number demand
  /// the same, 0 nothing.
  int clientPolicy = 0;
  bool defaultCertificates = false;  ///< The `tls` filter named none of its own.
  Kind kind = Kind::kProxy;
  /// HTTP filters around the plugins; nullptr where there are none.
  std::shared_ptr<const proxy::ListenerFilters> filters;
  bool authenticated = false;  ///< Its HTTP filters ask who is there (admin-auth).
  TcpTarget tcp;

  /// An Admin API for whoever reaches it.
  bool isOpenAdmin() const { return kind == Kind::kAdmin && !authenticated; }
};

/// One listener with its chains. Immutable; shared by all workers.
struct ListenerPlan final : proxy::ClientPolicies {
  std::string name;
  std::vector<net::Address> addresses;
  int backlog = 16384;
  std::vector<Chain> chains;
  bool needsHello = false;      ///< Some chain is chosen by what the TLS hello says.
  bool policiesDiffer = false;  ///< The chains' client policies are not all the same.

  /// Admin and status listeners run on the main thread, all others on the workers.
  bool onMain() const;
  /// The most specific chain that takes the connection: a server name counts more than a protocol,
  /// that more than a source, that more than a port; equals in the order written. nullptr: none.
  const Chain* choose(const net::Address& peer, uint16_t localPort, std::string_view serverName,
                      const std::vector<std::string>& protocols) const;
  int policyFor(const net::Address& peer, uint16_t localPort, std::string_view serverName,
                std::string_view protocol, int otherwise) const override;
};

using ListenerPlans = std::vector<std::shared_ptr<const ListenerPlan>>;

/// The node that the *_listen settings describe.
Result<node::v1::Node> builtinNode(const Settings& settings);

/// Certificates for chains whose `tls` filter names none.
struct DefaultCertificates {
  std::vector<tls::KeyPair> proxy, admin;
  /// Self-signed pairs whose RSA half is still to be made.
  bool proxyRsaMissing = false, adminRsaMissing = false;
};

/// Compiles a node; errors name the place in `source` ("node.yaml", "proxy_listen"). `context`:
/// what HTTP filters of the listeners may use of the process.
Result<ListenerPlans> compileNode(const node::v1::Node& node, const std::string& source,
                                  const Settings& settings, const DefaultCertificates& certificates,
                                  const http::FilterContext& context = {});
/// Compiles one listener; errors name the place in it ("bind[0]", "filter_chains[0].filters[1]"),
/// and say nothing of the files that it names: they go to whoever wrote it through the Admin API.
Result<ListenerPlan> compileListener(const node::v1::Listener& listener, const Settings& settings,
                                     const DefaultCertificates& certificates,
                                     const http::FilterContext& context = {});

}  // namespace tollgate::server
