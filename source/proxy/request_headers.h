#pragma once

#include <string_view>

#include "source/http/exchange_info.h"
#include "source/proxy/worker_context.h"
#include "source/route/host_name.h"

/// What the origin is told: who the client is, what it asked for, and nothing that concerns only
/// the hop to us.
namespace tollgate::proxy {

class HttpConnectionManager;

/// What routing has found out about a request's target.
struct RoutedTarget {
  std::string_view rawPath;  ///< As received, without the query.
  std::string_view matchedPrefix;
  const void* matchedRegex = nullptr;  ///< Of the route's path, for RouteTable::capture().
  route::HostName host;                ///< That was asked for.
  bool simplePath = false;             ///< See route::TargetScan.
  bool pathMatched = false;
};

/// What the head has said of the hop from the client.
struct ClientHop {
  bool upgrade = false;         ///< To websocket, and it is passed on.
  bool upgradeAsked = false;    ///< To whatever protocol.
  bool trailersWanted = false;  ///< The client takes trailers (TE).
};

/// A request on its way to the origin of its route.
struct ForwardedRequest {
  http::RequestHead& head;
  const http::ExchangeInfo& info;
  const RoutedTarget& target;
  const Route& route;
  const upstream::Service& service;
  const HttpConnectionManager& client;
  const WorkerContext& worker;
};

/// Whether what comes from `address` may tell of clients behind it.
bool isTrusted(const ProxySettings& settings, const net::Address& address);

/// Finds out whom the peer has asked for, where it is trusted to tell: `info` then names that
/// client.
void findClient(const ProxySettings& settings, http::RequestHead& head, http::ExchangeInfo& info);

/// What the head says of the hop from the client is heeded here and goes no further; neither does
/// what passes itself off as ours.
ClientHop leaveClientHop(http::RequestHead& head);

/// Makes the head's fields those that go to the origin.
void prepareRequestHeaders(const ForwardedRequest& request, bool trailersWanted);

/// The target to ask the origin for; in the arena of the head, or the client's own.
std::string_view upstreamTarget(const ForwardedRequest& request);

/// Our `line` of Via, if nobody before us has left one; else "", and that one is made longer.
std::string_view viaLine(http::HeaderMap& headers, std::string_view line);

}  // namespace tollgate::proxy
