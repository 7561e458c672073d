#include "source/proxy/endpoint_choice.h"

#include <algorithm>
#include <charconv>

#include "source/base/host_port.h"
#include "source/proxy/exchange.h"
#include "source/proxy/hash_input.h"
#include "source/upstream/hash_ring.h"

namespace tollgate::proxy {

using http::HeaderCode;
using upstream::Balancer;
using upstream::HashInput;

void EndpointChoice::enter() {
  const auto& cluster = exchange_.state_.service->cluster;
  if (cluster == nullptr) return;
  state_.view = exchange_.worker_.clusters.find(cluster->slot);
  if (state_.view == nullptr) return;  // the upstream is gone: the host is a name like any other
  state_.view->retain();
  const upstream::ClusterSpec& spec = state_.view->cluster().spec();
  if (spec.algorithm == upstream::Algorithm::kConsistentHashing) state_.hash = requestHash(spec);
}

uint32_t EndpointChoice::requestHash(const upstream::ClusterSpec& spec) {
  auto value = hashValue(spec.hashOn, spec);
  if (!value) value = hashValue(spec.hashFallback, spec);
  return upstream::ringHash(value.value_or(std::string_view()));
}

std::optional<std::string_view> EndpointChoice::hashValue(const HashInput& input,
                                                          const upstream::ClusterSpec& spec) {
  const http::HeaderMap& headers = exchange_.request_->headers;
  switch (input.kind) {
    case HashInput::Kind::kNone:
      return std::nullopt;
    case HashInput::Kind::kConsumer:
      if (exchange_.info_.consumer != nullptr) return exchange_.info_.consumer->id;
      if (!exchange_.info_.credentialId.empty()) return exchange_.info_.credentialId;
      return std::nullopt;
    case HashInput::Kind::kIp:
      return exchange_.info_.clientIp;
    case HashInput::Kind::kHeader:
      return headerHashInput(headers, input.name);
    case HashInput::Kind::kCookie: {
      auto found = cookieHashInput(headers, input.name);
      if (found) return found;
      char* id = exchange_.arena_.chars(32);
      exchange_.worker_.makeRequestId(id);
      std::string_view hex(id, 32);
      std::string_view uuid =
          exchange_.arena_.concat(hex.substr(0, 8), "-", hex.substr(8, 4), "-4", hex.substr(13, 3),
                                  "-a", hex.substr(17, 3), "-", hex.substr(20));
      state_.setCookie = exchange_.arena_.concat(input.name, "=", uuid, "; Path=", spec.cookiePath,
                                                 "; Same-Site=Lax; HttpOnly");
      return uuid;
    }
    case HashInput::Kind::kPath:
      return exchange_.info_.path;
    case HashInput::Kind::kQueryArg:
      return queryHashInput(exchange_.arena_, exchange_.info_.query, input.name);
    case HashInput::Kind::kUriCapture: {
      const auto captured = exchange_.uriCapture(input.name);
      return captured && !captured->empty() ? captured : std::nullopt;
    }
  }
  return std::nullopt;
}

void EndpointChoice::choose(bool fresh) {
  const upstream::Service& service = *exchange_.state_.service;
  if (state_.view != nullptr) return chooseInCluster(fresh);
  if (service.literal.valid()) return exchange_.forwarder_.connect(service.literal);
  resolve(service.host, service.port);
}

void EndpointChoice::resolve(const std::string& host, uint16_t port) {
  net::Resolver& resolver = exchange_.worker_.resolver;
  if (const auto* addresses = resolver.cached(host)) return connectToOneOf(*addresses, port);
  exchange_.state_.phase = Phase::kResolving;
  http::PauseHandle handle = exchange_.pauseHandle();
  uint64_t id = resolver.resolve(
      host,
      [this, handle, port](const std::vector<net::Address>& addresses, net::ResolveError error) {
        if (handle.get() == nullptr) return;
        state_.resolving = 0;
        error == net::ResolveError::kNone ? connectToOneOf(addresses, port) : nameFailed(error);
        exchange_.touch();
      });
  if (exchange_.state_.phase == Phase::kResolving) state_.resolving = id;
}

void EndpointChoice::nameFailed(net::ResolveError error) {
  if (error == net::ResolveError::kNotFound) {
    exchange_.info_.failure = http::FailureCause::kNameUnknown;
    exchange_.forwarder_.report(http::FailurePhase::kResolving, {}, 503);
    return exchange_.responder_.answerError(503, "name resolution failed");
  }
  exchange_.info_.failure = http::FailureCause::kNameServerFailed;
  exchange_.forwarder_.report(http::FailurePhase::kResolving, {}, 500);
  exchange_.responder_.answerError(
      500, exchange_.arena_.concat("failed the initial dns/balancer resolve for '",
                                   exchange_.state_.service->host, "' with: dns server error"));
}

/// Requests take the addresses in turn, and each attempt the next. A port that SRV has told counts.
void EndpointChoice::connectToOneOf(const std::vector<net::Address>& addresses, uint16_t port) {
  if (state_.addressIndex == 0) state_.addressIndex = exchange_.worker_.resolver.turn();
  auto* address =
      exchange_.arena_.make<net::Address>(addresses[state_.addressIndex++ % addresses.size()]);
  if (address->port() == 0) address->setPort(port);
  exchange_.forwarder_.connect(*address);
}

void EndpointChoice::cancel() {
  if (state_.resolving == 0) return;
  exchange_.worker_.resolver.cancel(state_.resolving);
  state_.resolving = 0;
}

void EndpointChoice::chooseInCluster(bool fresh) {
  upstream::ClusterView& view = *state_.view;
  const upstream::Cluster& cluster = view.cluster();
  const event::TimePoint now = exchange_.worker_.loop.now();
  if (!fresh || state_.member == Balancer::kNone) {
    leaveEndpoint();
    Balancer::Request request;
    request.hash = state_.hash;
    request.tried = {state_.tried, state_.triedCount};
    request.now = now;
    const uint32_t member = view.pick(request);
    if (member == Balancer::kNone) {
      if (!cluster.settled()) return waitForCluster();
      return exchange_.forwarder_.noTarget();
    }
    state_.member = member;
    view.begin(member);
    setTargetHost();
  }
  state_.began = now;
  const upstream::Member& chosen = cluster.members()[state_.member];
  if (chosen.resolveAlways) {
    const upstream::TargetSpec& target = cluster.spec().targets[chosen.target];
    return resolve(target.host, target.port);
  }
  exchange_.forwarder_.connect(chosen.endpoint->address());
}

/// No target has an address, but some name has not been answered yet: the next version of the
/// cluster knows more.
void EndpointChoice::waitForCluster() {
  exchange_.state_.phase = Phase::kResolving;
  const uint32_t slot = exchange_.state_.service->cluster->slot;
  exchange_.worker_.clusters.wait(slot, [this, slot, handle = exchange_.pauseHandle()] {
    if (handle.get() == nullptr || exchange_.state_.phase != Phase::kResolving) return;
    state_.view->release();
    state_.view = exchange_.worker_.clusters.find(slot);
    if (state_.view != nullptr) state_.view->retain();
    state_.triedCount = 0;  // they were numbers of the former version
    exchange_.forwarder_.attempt(false);
    exchange_.touch();
  });
}

void EndpointChoice::setTargetHost() {
  if (exchange_.state_.route->preserveHost) return;
  Arena& arena = exchange_.arena_;
  const upstream::Cluster& cluster = state_.view->cluster();
  std::string_view host = cluster.hostOf(state_.member);
  const uint16_t port = cluster.portOf(state_.member);
  if (HostPort::split(host).port.empty() && port != (exchange_.state_.service->tls ? 443 : 80)) {
    char* digits = arena.chars(5);
    const size_t size = static_cast<size_t>(std::to_chars(digits, digits + 5, port).ptr - digits);
    host = arena.concat(host, ":", std::string_view(digits, size));
  }
  exchange_.request_->headers.set(HeaderCode::kHost, host);
}

void EndpointChoice::failed(bool timedOut, bool last) {
  if (state_.member == Balancer::kNone) return;
  const upstream::Cluster& cluster = state_.view->cluster();
  const upstream::HealthLimits& limits = cluster.spec().passive;
  if (timedOut) {
    cluster.report(state_.member, upstream::HealthEvent::kTimeout, limits);
  } else if (last) {
    cluster.reportStatus(state_.member, 502, limits);
  } else {
    cluster.report(state_.member, upstream::HealthEvent::kTcpFailure, limits);
  }
  if (last) return;
  const Balancer::Request before{0, {state_.tried, state_.triedCount}, {}};
  if (before.hasTried(state_.member)) return;
  if (state_.triedCount == state_.triedRoom) {
    state_.triedRoom = state_.triedRoom == 0 ? 8 : 2 * state_.triedRoom;
    auto* grown =
        static_cast<uint32_t*>(exchange_.arena_.allocate(state_.triedRoom * sizeof(uint32_t)));
    std::copy_n(state_.tried, state_.triedCount, grown);
    state_.tried = grown;
  }
  state_.tried[state_.triedCount++] = state_.member;
}

void EndpointChoice::answered(int status) {
  if (state_.view == nullptr) return;
  const upstream::Cluster& cluster = state_.view->cluster();
  cluster.reportStatus(state_.member, status, cluster.spec().passive);
  const event::TimePoint now = exchange_.worker_.loop.now();
  const double seconds = std::chrono::duration<double>(now - state_.began).count();
  state_.view->answered(state_.member, seconds, now);
}

void EndpointChoice::describe(FailureLog::Failure& failure) const {
  if (state_.view == nullptr) return;
  if (state_.member == Balancer::kNone) {
    failure.port = 0;
    return;
  }
  failure.host = state_.view->cluster().hostOf(state_.member);
  failure.port = state_.view->cluster().portOf(state_.member);
}

void EndpointChoice::leaveEndpoint() {
  if (state_.member == Balancer::kNone) return;
  state_.view->end(state_.member);
  state_.member = Balancer::kNone;
}

void EndpointChoice::leave() {
  if (state_.view != nullptr) {
    leaveEndpoint();
    state_.view->release();
  }
  state_ = {};
}

}  // namespace tollgate::proxy
