#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/http/filter.h"
#include "source/http/filter_plan.h"
#include "source/net/address.h"
#include "source/route/route_table.h"
#include "source/tls/certificate_table.h"
#include "source/upstream/service.h"

/// What the proxy needs of a configuration: immutable once published, shared by all workers.
namespace tollgate::proxy {

struct Route {
  std::string id;
  std::string name;
  const upstream::Service* service = nullptr;  ///< nullptr: answered 503 unless a filter answers.
  const http::FilterPlan* plan = nullptr;
  int redirectStatus = 426;
  bool httpsOnly = false;
  bool grpc = false;
  bool grpcSecureOnly = false;
  bool stripPath = true;
  bool preserveHost = false;
};

struct Snapshot {
  uint64_t revision = 0;
  std::shared_ptr<const route::RouteTable> routes;
  /// Runs its response hooks when no route matches.
  std::shared_ptr<const http::FilterPlan> globalPlan;
  std::shared_ptr<const http::Directory> directory;
  /// What TLS listeners show by server name, before their own; nullptr: nothing.
  std::shared_ptr<const tls::CertificateTable> certificates;
  /// Keeps alive what the route table's payloads and the plans point to.
  std::vector<std::shared_ptr<const void>> owned;
};

/// Settings of the process that shape requests and responses; the same for all snapshots.
struct ProxySettings {
  http::CodecLimits codecLimits = {};      ///< Of HTTP/1 messages from clients.
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
  size_t maxBodyBytes = 0;  ///< 0: no limit
  size_t maxKeepAliveRequests = 10000;
  std::chrono::milliseconds headerTimeout{60000};
  std::chrono::milliseconds keepAliveTimeout{75000};
  std::chrono::milliseconds bodyTimeout{60000};
};

}  // namespace tollgate::proxy
