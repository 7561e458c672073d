#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/event/event_loop.h"
#include "source/http/header_map.h"
#include "source/net/resolver.h"
#include "source/proxy/failure_log.h"
#include "source/upstream/worker_clusters.h"

namespace tollgate::proxy {

class ProxyExchange;

/// Where each attempt of an exchange goes: the service's address, one of those that its name stands
/// for, or an endpoint of the cluster that it names; and what becomes known of that endpoint by it.
/// The version of the cluster is held until the exchange is over, so that members keep their
/// numbers.
class EndpointChoice {
 public:
  explicit EndpointChoice(ProxyExchange& exchange) : exchange_(exchange) {}
  ~EndpointChoice() { leave(); }

  /// Before the headers are prepared for the origin: they may be what decides the endpoint.
  void enter();
  /// Another endpoint, or the same once more where a kept connection had gone stale (`fresh`): the
  /// forwarder is told its address, now or later, or the exchange is answered.
  void choose(bool fresh);
  /// No address is waited for any more.
  void cancel();
  /// Gives up the endpoint, and the cluster.
  void leave();
  bool inCluster() const { return state_.view != nullptr; }

  /// An attempt has failed. What the last one says of its endpoint goes by the answer to the
  /// client.
  void failed(bool timedOut, bool last);
  /// The response head of the last attempt is there.
  void answered(int status);
  /// The cookie that brings the client back to its endpoint, where there is a new one.
  void addHashCookie(http::HeaderMap& headers) const {
    if (!state_.setCookie.empty()) headers.add("Set-Cookie", state_.setCookie);
  }
  /// Names the target for the operator; the service's own host and port stand there already.
  void describe(FailureLog::Failure& failure) const;

 private:
  struct State {
    upstream::ClusterView* view = nullptr;        ///< Retained.
    uint32_t member = upstream::Balancer::kNone;  ///< Counted as busy while it is not kNone.
    uint32_t hash = 0;                            ///< Under consistent hashing.
    uint32_t* tried = nullptr;                    ///< Members that failed, in the arena.
    uint32_t triedCount = 0;
    uint32_t triedRoom = 0;
    uint64_t resolving = 0;
    size_t addressIndex = 0;
    event::TimePoint began{};    ///< Of the attempt.
    std::string_view setCookie;  ///< To hand out with the response.
  };

  void chooseInCluster(bool fresh);
  void waitForCluster();
  void resolve(const std::string& host, uint16_t port);
  void connectToOneOf(const std::vector<net::Address>& addresses, uint16_t port);
  void nameFailed(net::ResolveError error);
  void setTargetHost();
  void leaveEndpoint();
  uint32_t requestHash(const upstream::ClusterSpec& spec);
  std::optional<std::string_view> hashValue(const upstream::HashInput& input,
                                            const upstream::ClusterSpec& spec);

  ProxyExchange& exchange_;
  State state_;
};

}  // namespace tollgate::proxy
