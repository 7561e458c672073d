#include "source/proxy/forwarder.h"

#include <algorithm>
#include <utility>

#include "source/base/host_port.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

namespace tollgate::proxy {

namespace {
constexpr size_t kReplayLimit = 64 * 1024;  ///< Request bytes kept for a retry.

/// Idempotent ones (RFC 9110 section 9.2.2, RFC 4918). An unknown method may be anything.
bool repeatable(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",   "HEAD",  "PUT",      "DELETE",    "OPTIONS",
                                           "TRACE", "QUERY", "PROPFIND", "PROPPATCH", "MKCOL",
                                           "COPY",  "MOVE",  "UNLOCK",   "SEARCH",    "REPORT"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}
}  // namespace

void Forwarder::reset() {
  choice_.leave();
  watch_.reset();
  pending_.clear();
  replay_.clear();
  state_ = {};
}

void Forwarder::start() {
  auto& state = exchange_.state_;
  exchange_.sendContinue();
  choice_.enter();
  if (exchange_.walk_.logs()) exchange_.keepClientFields();
  prepareRequestHeaders(exchange_.forwarded(), state.hop.trailersWanted);
  if (state.hasBody && !exchange_.walk_.bodies().startRequest()) return;
  exchange_.client_.awaitBody();
  attempt(false);
}

void Forwarder::attempt(bool fresh) {
  state_.triedFresh = fresh;
  state_.sought = exchange_.worker_.loop.now();
  choice_.choose(fresh);
}

/// To an Admin API of this node that asks nobody who they are, for somebody who was not asked. An
/// anonymous consumer is nobody.
static bool leadsToOpenAdmin(const net::OpenAdmin* open, const net::Address& address,
                             ProxyExchange& exchange) {
  return open != nullptr && open->reachedBy(address) && exchange.credentialId().empty() &&
         exchange.peerCertificate() == nullptr;
}

void Forwarder::connect(const net::Address& address) {
  WorkerContext& worker = exchange_.worker_;
  const upstream::Service& service = *exchange_.state_.service;
  if (leadsToOpenAdmin(worker.settings.openAdmin.get(), address, exchange_)) {
    return exchange_.responder_.answerError(
        403, exchange_.arena_.concat("this route ", net::OpenAdmin::kReason));
  }
  exchange_.state_.phase = Phase::kConnecting;
  noteAttempt(address);
  std::string_view serverName;
  if (service.tls) {
    serverName = serverNameOf(exchange_.request_->headers.get(http::HeaderCode::kHost));
    // A client that names no host must not do away with the check of the origin's name.
    if (serverName.empty()) serverName = serverNameOf(service.host);
    exchange_.info_.attempt.secure = true;
    exchange_.info_.attempt.serverName = serverName;
  }
  const upstream::Opening opening = worker.pool.open(
      {&service, &address, serverName, state_.triedFresh, exchange_.state_.hop.upgrade}, *this);
  if (opening.stream != nullptr) {
    onStreamReady(*opening.stream, opening.reused);
  } else if (!opening.waiting) {
    // From the loop: a service's many retries would pile up on the stack.
    worker.loop.post([this, handle = exchange_.pauseHandle(), why = opening.failure] {
      if (handle.get() == nullptr) return;
      attemptFailed(false, false, why);
      exchange_.touch();
    });
  }
}

void Forwarder::noteAttempt(const net::Address& address) {
  http::ExchangeInfo& info = exchange_.info_;
  const event::TimePoint now = exchange_.worker_.loop.now();
  if (info.upstreamBegan == event::TimePoint{}) {
    info.upstreamBegan = now;
  } else {
    const auto* before = exchange_.arena_.make<http::Attempt>(info.attempt);
    info.attempt = {};
    info.attempt.before = before;
  }
  // Hooks hear of it when the endpoint has been left, which may be the end of a former cluster.
  info.attempt.address =
      exchange_.walk_.logs() ? exchange_.arena_.make<net::Address>(address) : &address;
  info.attempt.began = now;
  info.attempt.sought = state_.sought;
  ++info.attempts;
}

void Forwarder::onStreamReady(http::ClientStream& stream, bool reused) {
  state_.stream = &stream;
  state_.reused = reused;
  sendRequest();
  exchange_.touch();
}

void Forwarder::onStreamFailed(bool timedOut, std::string_view reason) {
  attemptFailed(timedOut, false, reason);
  exchange_.touch();
}

void Forwarder::sendRequest() {
  auto& state = exchange_.state_;
  http::ExchangeInfo& info = exchange_.info_;
  state.phase = Phase::kForwarding;
  state_.anyBodySent = false;
  if (!replay_.empty()) {  // what an attempt before has sent
    buffer::Buffer again(exchange_.worker_.slabs);
    again.shareFrom(replay_);
    again.moveFrom(pending_);
    pending_.moveFrom(again);
    replay_.clear();
  }
  http::UpstreamRequest head;
  head.headers = exchange_.walk_.attemptHeaders();
  if (head.headers == nullptr) return;  // a filter has answered
  head.method = method();
  head.target = upstreamTarget(exchange_.forwarded());
  head.upgrade = state.hop.upgrade;
  info.attempt.connected = exchange_.worker_.loop.now();
  info.attempt.reused = state_.reused;
  state_.stream->sendHead(head, !state.hasBody, state_.contentLength, response_);
  sendPending();
  watch_.restart();
  if (state.hasBody && !state.requestEnded) exchange_.walk_.bodies().balanceClient();
}

/// What the origin is asked to do.
std::string_view Forwarder::method() const {
  const http::TargetEdits* edits = exchange_.info_.edits;
  return edits == nullptr || edits->method.empty() ? exchange_.request_->method : edits->method;
}

void Forwarder::sendPending() {
  const auto& state = exchange_.state_;
  if (!state.hasBody || (pending_.empty() && !state.requestEnded)) return;
  if (!pending_.empty()) {
    state_.anyBodySent = true;
    if (state_.replayable) {
      if (replay_.size() + pending_.size() > kReplayLimit || state.tunnel) {
        dropReplay();
      } else {
        replay_.shareFrom(pending_);
      }
    }
  }
  const bool trailed = state.requestEnded && state_.trailers != nullptr;
  if (!trailed || !pending_.empty())
    state_.stream->sendBody(pending_, state.requestEnded && !trailed);
  if (trailed && state_.stream != nullptr) state_.stream->sendTrailers(*state_.trailers);
}

void Forwarder::replaceBody(std::string_view body) {
  pending_.clear();
  pending_.append(body);
  state_.contentLength = static_cast<int64_t>(body.size());
}

size_t Forwarder::held() const {
  const size_t queued = state_.stream == nullptr ? 0 : state_.stream->queued();
  return pending_.size() + std::max(queued, replay_.size());
}

void Forwarder::dropReplay() {
  state_.replayable = false;
  replay_.clear();
}

void Forwarder::deliver() {
  const auto& state = exchange_.state_;
  if (state_.stream != nullptr && state.phase >= Phase::kForwarding &&
      state.phase <= Phase::kResponding) {
    sendPending();
    if (state.phase == Phase::kForwarding) watch_.requestMoved();
    if (state.tunnel) watch_.awaitResponse();  // neither side is silent
  }
  if (!state.requestEnded) exchange_.walk_.bodies().balanceClient();
}

void Forwarder::writable() {
  if (state_.stream == nullptr) return;
  if (exchange_.state_.phase == Phase::kForwarding) watch_.requestMoved();
  exchange_.walk_.bodies().balanceClient();
}

bool Forwarder::mayRepeat() const {
  return repeatable(method()) && (state_.replayable || !state_.anyBodySent);
}

bool Forwarder::mayRetry(bool requestSent) const {
  if (exchange_.info_.attempts > exchange_.state_.service->retries) return false;
  if (!requestSent) return state_.replayable || !state_.anyBodySent;
  return mayRepeat() && !exchange_.state_.tunnel;
}

/// Once more, free of charge, and to where it went.
bool Forwarder::mayRenew(http::StreamError error) const {
  if (exchange_.state_.phase != Phase::kForwarding || state_.triedFresh) return false;
  // What the origin has not looked at may be anything.
  if (error == http::StreamError::kRefused) return state_.replayable || !state_.anyBodySent;
  // A kept connection that closed before any response byte: the origin's idle limit was shorter
  // than ours.
  return state_.reused && error != http::StreamError::kReset && mayRepeat();
}

void Forwarder::streamFailed(http::StreamError error, std::string_view detail) {
  state_.stream = nullptr;
  watch_.stop();
  if (!mayRenew(error)) {
    return attemptFailed(false, error != http::StreamError::kRefused, detail);
  }
  --exchange_.info_.attempts;
  exchange_.info_.attempt.failure = http::causeOf(phase(), detail);
  attempt(true);
}

void Forwarder::streamEnded() {
  watch_.stop();
  exchange_.walk_.bodies().originEnded();
  state_.stream = nullptr;
}

void Forwarder::attemptFailed(bool timedOut, bool requestSent, std::string_view detail) {
  auto& state = exchange_.state_;
  http::ExchangeInfo& info = exchange_.info_;
  const http::FailurePhase phase = this->phase();
  info.failure = info.attempt.failure = http::causeOf(phase, detail);
  exchange_.worker_.counters.count(info.failure);
  dropStream(timedOut ? http::StreamError::kTimeout : http::StreamError::kLocal);
  watch_.stop();
  if (state.phase == Phase::kResponding) {
    // The head is out: all that can be done is to show that the body is cut short.
    if (state.stream != nullptr) {
      report(phase, detail, 0);
      state.stream->reset(http::StreamError::kPeerClosed);
    }
    state.stream = nullptr;
    return exchange_.end();
  }
  if (state.stream == nullptr) return;
  const bool again = state.phase != Phase::kHolding && mayRetry(requestSent);
  if (state.phase != Phase::kHolding) choice_.failed(timedOut, !again);
  if (again) {
    exchange_.response_->headers.clear();
    exchange_.response_->status = 0;
    return attempt(false);
  }
  info.proxied = true;
  report(phase, detail, timedOut ? 504 : 502);
  // Who asked for another protocol may be speaking it already: that must not be read as a request.
  if (state.hop.upgradeAsked) exchange_.responder_.closeHttp1();
  exchange_.responder_.engineError(timedOut ? 504 : 502, http::AnsweredBy::kGateway);
}

void Forwarder::settle() {
  replay_.clear();
  state_.replayable = false;
}

void Forwarder::dropStream(http::StreamError error) {
  if (state_.stream != nullptr) std::exchange(state_.stream, nullptr)->reset(error);
}

void Forwarder::drop() {
  watch_.stop();
  choice_.cancel();
  if (linked()) upstream::StreamPool::cancel(*this);
  dropStream(http::StreamError::kLocal);
}

}  // namespace tollgate::proxy
