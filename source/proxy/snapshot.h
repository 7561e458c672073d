#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/base/cow_vector.h"
#include "source/http/filter.h"
#include "source/http/filter_plan.h"
#include "source/http2/codec.h"
#include "source/net/address.h"
#include "source/net/connection_limits.h"
#include "source/net/open_admin.h"
#include "source/route/route_table.h"
#include "source/tls/certificate_table.h"
#include "source/upstream/service.h"

/// What the proxy needs of a configuration: immutable once published, shared by all workers.
namespace tollgate::proxy {

/// Names its service and its plan by number, so that a route stays the same object while they
/// change.
struct Route : http::Named {
  uint32_t number = 0;   ///< Of Snapshot::routePlans.
  uint32_t service = 0;  ///< Of Snapshot::services; 0: none, answered 503 unless a filter answers.
  uint16_t redirectStatus = 426;
  bool httpsOnly = false;
  bool grpc = false;
  bool grpcSecureOnly = false;
  bool stripPath = true;
  bool preserveHost = false;
};

/// One revision of the configuration. Its parts share what did not change with those of other
/// revisions; a request holds on to the snapshot alone.
struct Snapshot {
  uint64_t revision = 0;
  std::shared_ptr<const route::RouteTable> routes;
  CowVector<std::shared_ptr<const upstream::Service>> services;
  /// The plans of routes, and of the other routes of services, to which more applies than the
  /// global plan; null elsewhere.
  CowVector<std::shared_ptr<const http::FilterPlan>> routePlans, servicePlans;
  /// Runs its response hooks when no route matches.
  std::shared_ptr<const http::FilterPlan> globalPlan;
  std::shared_ptr<const http::Directory> directory;
  /// What TLS listeners show by server name, before their own; nullptr: nothing.
  std::shared_ptr<const tls::CertificateTable> certificates;

  /// nullptr if the route has none.
  const upstream::Service* serviceOf(const Route& route) const {
    return services[route.service].get();
  }
  /// May be nullptr: no filters.
  const http::FilterPlan* planOf(const Route& route) const {
    if (const auto* own = routePlans[route.number].get()) return own;
    if (const auto* ofService = servicePlans[route.service].get()) return ofService;
    return globalPlan.get();
  }
};

/// Settings of the process that shape requests and responses; the same for all snapshots.
struct ProxySettings {
  http::CodecLimits codecLimits = {};      ///< Of HTTP/1 messages from clients.
  http2::Http2Limits http2 = {};           ///< Of HTTP/2 connections from clients.
  std::string serverName = "kong/3.10.0";  ///< Server and Via of our own answers.
  std::string via = "1.1 kong/3.10.0";     ///< Appended to Via towards the client.
  bool serverTokens = true;
  bool latencyTokens = true;
  bool requestIdDownstream = true;
  bool requestIdUpstream = true;
  bool upstreamStatusHeader = false;
  bool debugHeader = false;
  std::string errorDefaultType = "text/plain";
  std::vector<net::AddressRange> trusted;
  std::string realIpHeader = "X-Real-IP";
  bool realIpRecursive = false;
  /// What routes must not lead to unless somebody has authenticated; null where there is none.
  std::shared_ptr<const net::OpenAdmin> openAdmin;
  size_t maxBodyBytes = 0;  ///< 0: no limit
  size_t maxKeepAliveRequests = 10000;
  std::chrono::milliseconds headerTimeout{60000};
  std::chrono::milliseconds keepAliveTimeout{75000};
  net::ConnectionLimits connections = net::ConnectionLimits::ofClients();
  // Of the client, with a request that has a body or a response that it has to read. A least rate
  // counts over the time limit beside it; 0: none.
  std::chrono::milliseconds bodyTimeout{60000};  ///< No byte of the body for so long: 408.
  size_t bodyMinRate = 100;                      ///< Bytes a second.
  std::chrono::milliseconds sendTimeout{60000};  ///< No byte read for so long: reset.
  size_t sendMinRate = 100;
  // Of the rest of a body that is dropped after the answer (as of a connection that is closed).
  std::chrono::milliseconds lingerTime{30000};    ///< In all.
  std::chrono::milliseconds lingerTimeout{5000};  ///< Of silence.
  bool halfClosedClients = false;  ///< A client that ends its side still wants the answer.
};

}  // namespace tollgate::proxy
