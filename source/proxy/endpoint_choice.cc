#include "source/proxy/endpoint_choice.h"

#include <charconv>

#include "source/base/host_port.h"
#include "source/proxy/exchange.h"
#include "source/proxy/hash_input.h"
#include "source/upstream/hash_ring.h"

/// The way of an exchange through the cluster of its service: which endpoint an attempt goes to,
/// and what becomes known of the endpoint by it. Services that name no upstream never come here.
namespace tollgate::proxy {

using http::HeaderCode;
using upstream::Balancer;
using upstream::HashInput;

/// Before the headers are prepared for the origin: they may be what decides the endpoint.
void ProxyExchange::enterCluster() {
  choice_.view = worker_.clusters.find(service_->cluster->slot);
  if (choice_.view == nullptr) return;  // the upstream is gone: the host is a name like any other
  choice_.view->retain();
  const upstream::ClusterSpec& spec = choice_.view->cluster().spec();
  if (spec.algorithm == upstream::Algorithm::kConsistentHashing) choice_.hash = requestHash(spec);
}

uint32_t ProxyExchange::requestHash(const upstream::ClusterSpec& spec) {
  auto value = hashValue(spec.hashOn, spec);
  if (!value) value = hashValue(spec.hashFallback, spec);
  return upstream::ringHash(value.value_or(std::string_view()));
}

std::optional<std::string_view> ProxyExchange::hashValue(const HashInput& input,
                                                         const upstream::ClusterSpec& spec) {
  const http::HeaderMap& headers = request_->headers;
  switch (input.kind) {
    case HashInput::Kind::kNone:
      return std::nullopt;
    case HashInput::Kind::kConsumer:
      if (info_.consumer != nullptr) return info_.consumer->id;
      if (!info_.credentialId.empty()) return info_.credentialId;
      return std::nullopt;
    case HashInput::Kind::kIp:
      return info_.clientIp;
    case HashInput::Kind::kHeader:
      return headerHashInput(headers, input.name);
    case HashInput::Kind::kCookie: {
      auto found = cookieHashInput(headers, input.name);
      if (found) return found;
      char* id = arena_.chars(32);
      worker_.makeRequestId(id);
      std::string_view hex(id, 32);
      std::string_view uuid =
          arena_.concat(hex.substr(0, 8), "-", hex.substr(8, 4), "-4", hex.substr(13, 3), "-a",
                        hex.substr(17, 3), "-", hex.substr(20));
      choice_.setCookie = arena_.concat(input.name, "=", uuid, "; Path=", spec.cookiePath,
                                        "; Same-Site=Lax; HttpOnly");
      return uuid;
    }
    case HashInput::Kind::kPath:
      return info_.path;
    case HashInput::Kind::kQueryArg:
      return queryHashInput(arena_, info_.query, input.name);
    case HashInput::Kind::kUriCapture: {
      std::string_view captured = route::RouteTable::capture(matchedRegex_, info_.path, input.name);
      if (captured.empty()) return std::nullopt;
      return captured;
    }
  }
  return std::nullopt;
}

/// Another endpoint, or the same once more where a kept connection had gone stale.
void ProxyExchange::attemptInCluster() {
  upstream::ClusterView& view = *choice_.view;
  const upstream::Cluster& cluster = view.cluster();
  if (!triedFresh_ || choice_.member == Balancer::kNone) {
    leaveEndpoint();
    Balancer::Request request;
    request.hash = choice_.hash;
    request.tried = {choice_.tried, choice_.triedCount};
    request.now = worker_.loop.now();
    const uint32_t member = view.pick(request);
    if (member == Balancer::kNone) {
      if (!cluster.settled()) return waitForCluster();
      reportNoTarget();
      if (info_.attempts == 0)
        return answerError(503, "failure to get a peer from the ring-balancer");
      info_.proxied = true;
      return engineError(503, http::AnsweredBy::kGateway);
    }
    choice_.member = member;
    view.begin(member);
    setTargetHost();
  }
  choice_.began = worker_.loop.now();
  const upstream::Member& chosen = cluster.members()[choice_.member];
  if (chosen.resolveAlways) {
    const upstream::TargetSpec& target = cluster.spec().targets[chosen.target];
    return resolveAndConnect(target.host, target.port);
  }
  withAddress(chosen.endpoint->address());
}

/// No target has an address, but some name has not been answered yet: the next version of the
/// cluster knows more.
void ProxyExchange::waitForCluster() {
  state_ = State::kResolving;
  const uint32_t slot = service_->cluster->slot;
  worker_.clusters.wait(slot, [this, slot, handle = pauseHandle()] {
    if (handle.get() == nullptr || state_ != State::kResolving) return;
    choice_.view->release();
    choice_.view = worker_.clusters.find(slot);
    if (choice_.view != nullptr) choice_.view->retain();
    choice_.triedCount = 0;  // they were numbers of the former version
    attempt(false);
    touch();
  });
}

/// An anonymous consumer is nobody.
bool ProxyExchange::authenticated() {
  return !info_.credentialId.empty() || peerCertificate() != nullptr;
}

void ProxyExchange::refuseOpenAdmin() {
  answerError(403, arena_.concat("this route ", net::OpenAdmin::kReason));
}

void ProxyExchange::setTargetHost() {
  if (route_->preserveHost) return;
  const upstream::Cluster& cluster = choice_.view->cluster();
  std::string_view host = cluster.hostOf(choice_.member);
  const uint16_t port = cluster.portOf(choice_.member);
  if (HostPort::split(host).port.empty() && port != (service_->tls ? 443 : 80)) {
    char* digits = arena_.chars(5);
    const size_t size = static_cast<size_t>(std::to_chars(digits, digits + 5, port).ptr - digits);
    host = arena_.concat(host, ":", std::string_view(digits, size));
  }
  request_->headers.set(HeaderCode::kHost, host);
}

/// An attempt has failed. What the last one says of its endpoint goes by the answer to the client.
void ProxyExchange::endpointFailed(bool timedOut, bool last) {
  if (choice_.member == Balancer::kNone) return;
  const upstream::Cluster& cluster = choice_.view->cluster();
  const upstream::HealthLimits& limits = cluster.spec().passive;
  if (timedOut) {
    cluster.report(choice_.member, upstream::HealthEvent::kTimeout, limits);
  } else if (last) {
    cluster.reportStatus(choice_.member, 502, limits);
  } else {
    cluster.report(choice_.member, upstream::HealthEvent::kTcpFailure, limits);
  }
  if (last) return;
  const Balancer::Request before{0, {choice_.tried, choice_.triedCount}, {}};
  if (before.hasTried(choice_.member)) return;
  if (choice_.triedCount == choice_.triedRoom) {
    choice_.triedRoom = choice_.triedRoom == 0 ? 8 : 2 * choice_.triedRoom;
    auto* grown = static_cast<uint32_t*>(arena_.allocate(choice_.triedRoom * sizeof(uint32_t)));
    std::copy_n(choice_.tried, choice_.triedCount, grown);
    choice_.tried = grown;
  }
  choice_.tried[choice_.triedCount++] = choice_.member;
}

/// The response head of the last attempt is there.
void ProxyExchange::endpointAnswered() {
  const upstream::Cluster& cluster = choice_.view->cluster();
  cluster.reportStatus(choice_.member, response_->status, cluster.spec().passive);
  const event::TimePoint now = worker_.loop.now();
  const double seconds = std::chrono::duration<double>(now - choice_.began).count();
  choice_.view->answered(choice_.member, seconds, now);
}

void ProxyExchange::leaveEndpoint() {
  if (choice_.member == Balancer::kNone) return;
  choice_.view->end(choice_.member);
  choice_.member = Balancer::kNone;
}

void ProxyExchange::leaveCluster() {
  leaveEndpoint();
  choice_.view->release();
  choice_ = {};
}

void ProxyExchange::setHashCookie() { response_->headers.add("Set-Cookie", choice_.setCookie); }

}  // namespace tollgate::proxy
