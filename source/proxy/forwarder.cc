#include <algorithm>

#include "source/base/host_port.h"
#include "source/proxy/client_fields.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// The attempts of one exchange at its origin: address, connection, request, deadlines, retries,
/// and the streaming of bodies both ways with back-pressure.
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

void ProxyExchange::forward() {
  sendContinue();
  if (service_->cluster != nullptr) enterCluster();
  prepareRequestHeaders();
  if ((filters_.hooks & http::kRequestBody) != 0 && hasBody_ && !startRequestBodyFilters()) return;
  awaitBody();
  attempt(false);
}

/// Lets a client that asked first send its body.
void ProxyExchange::sendContinue() {
  if (!hasBody_ ||
      !http::equalsIgnoreCase(request_->headers.get(http::HeaderCode::kExpect), "100-continue")) {
    return;
  }
  request_->headers.remove(http::HeaderCode::kExpect);
  stream_->sendInformational(100, nullptr);
  touch();
}

void ProxyExchange::attempt(bool fresh) {
  const upstream::Service& service = *service_;
  triedFresh_ = fresh;
  if (choice_.view != nullptr) return attemptInCluster();
  if (service.literal.valid()) return withAddress(service.literal);
  resolveAndConnect(service.host, service.port);
}

void ProxyExchange::resolveAndConnect(const std::string& host, uint16_t port) {
  if (const auto* addresses = worker_.resolver.cached(host)) {
    return withOneOf(*addresses, port);
  }
  state_ = State::kResolving;
  http::PauseHandle handle = pauseHandle();
  uint64_t id = worker_.resolver.resolve(
      host,
      [this, handle, port](const std::vector<net::Address>& addresses, net::ResolveError error) {
        if (handle.get() == nullptr) return;
        resolving_ = 0;
        if (error == net::ResolveError::kNone) {
          withOneOf(addresses, port);
        } else if (error == net::ResolveError::kNotFound) {
          info_.failure = http::FailureCause::kNameUnknown;
          reportFailure(http::FailurePhase::kResolving, {}, 503);
          answerError(503, "name resolution failed");
        } else {
          info_.failure = http::FailureCause::kNameServerFailed;
          reportFailure(http::FailurePhase::kResolving, {}, 500);
          answerError(500, arena_.concat("failed the initial dns/balancer resolve for '",
                                         service_->host, "' with: dns server error"));
        }
        touch();
      });
  if (state_ == State::kResolving) resolving_ = id;
}

/// Requests take the addresses in turn, and each attempt the next. A port that SRV has told counts.
void ProxyExchange::withOneOf(const std::vector<net::Address>& addresses, uint16_t port) {
  if (addressIndex_ == 0) addressIndex_ = worker_.resolver.turn();
  auto* address = arena_.make<net::Address>(addresses[addressIndex_++ % addresses.size()]);
  if (address->port() == 0) address->setPort(port);
  withAddress(*address);
}

/// `address` is to outlive the attempt.
void ProxyExchange::withAddress(const net::Address& address) {
  const upstream::Service& service = *service_;
  if (leadsToOpenAdmin(address)) return refuseOpenAdmin();
  state_ = State::kConnecting;
  const event::TimePoint now = worker_.loop.now();
  if (info_.upstreamBegan == event::TimePoint{}) {
    info_.upstreamBegan = now;
  } else {
    const auto* before = arena_.make<http::Attempt>(info_.attempt);
    info_.attempt = {};
    info_.attempt.before = before;
  }
  info_.attempt.address = &address;
  info_.attempt.began = now;
  ++info_.attempts;
  std::string_view serverName;
  if (service.tls) {
    serverName = serverNameOf(request_->headers.get(http::HeaderCode::kHost));
    // A client that names no host must not do away with the check of the origin's name.
    if (serverName.empty()) serverName = serverNameOf(service.host);
    info_.attempt.secure = true;
    info_.attempt.serverName = serverName;
  }
  upstream::UpstreamConnection* ready =
      worker_.pool.acquire(service, address, serverName, triedFresh_, *this, pendingUpstream_);
  if (ready != nullptr) {
    onUpstreamReady(*ready);
  } else if (pendingUpstream_ == nullptr) {
    // From the loop: a service's many retries would pile up on the stack.
    worker_.loop.post([this, handle = pauseHandle(), why = worker_.pool.failure()] {
      if (handle.get() == nullptr) return;
      attemptFailed(false, false, why);
      touch();
    });
  }
}

void ProxyExchange::onUpstreamReady(upstream::UpstreamConnection& connection) {
  pendingUpstream_ = nullptr;
  upstream_ = &connection;
  sendRequest();
  touch();
}

void ProxyExchange::onUpstreamFailed(bool timedOut, std::string_view reason) {
  pendingUpstream_ = nullptr;
  attemptFailed(timedOut, false, reason);
  touch();
}

void ProxyExchange::sendRequest() {
  state_ = State::kForwarding;
  anyBodySent_ = false;
  if (info_.attempts > 1 && !replayBody_.empty()) {
    buffer::Buffer again(worker_.slabs);
    again.shareFrom(replayBody_);
    again.moveFrom(pendingBody_);
    pendingBody_.moveFrom(again);
    replayBody_.clear();
  }
  http::UpstreamRequest head;
  head.headers = &request_->headers;
  if ((filters_.hooks & http::kUpstreamRequest) != 0) {
    head.headers = filterAttempt();
    if (head.headers == nullptr) return;
  }
  head.method = request_->method;
  head.target = upstreamTarget();
  head.upgrade = upgrade_;
  info_.attempt.connected = worker_.loop.now();
  info_.attempt.reused = upstream_->reused();
  upstream_->codec().sendHead(head, !hasBody_, contentLength_, *this);
  sendPending();
  upstream_->flush();
  event::EventLoop::cancel(upstreamTimer_);
  upstreamSending_ = false;
  watchOrigin();
  if (hasBody_ && !requestEnded_) balanceClient();
}

/// The head as filters make it for this attempt; nullptr if one of them has answered.
const http::HeaderMap* ProxyExchange::filterAttempt() {
  if (attemptHeaders_ == nullptr) attemptHeaders_ = arena_.make<http::HeaderMap>(arena_);
  http::HeaderMap& headers = *attemptHeaders_;
  headers.assign(request_->headers);
  for (size_t i = 0; i < filters_.count; ++i) {
    const FilterChain::Step& step = filters_.steps[i];
    if ((step.hooks & http::kUpstreamRequest) == 0) continue;
    filters_.current = step.entry;
    step.filter->onUpstreamRequest(*this, step.state, headers);
    if (!alive_ || localReply_) return nullptr;
  }
  return &headers;
}

void ProxyExchange::sendPending() {
  if (!hasBody_ || (pendingBody_.empty() && !requestEnded_)) return;
  if (!pendingBody_.empty()) {
    anyBodySent_ = true;
    if (replayable_) {
      if (replayBody_.size() + pendingBody_.size() > kReplayLimit || tunnel_) {
        replayable_ = false;
        replayBody_.clear();
      } else {
        replayBody_.shareFrom(pendingBody_);
      }
    }
  }
  upstream_->codec().sendBody(pendingBody_, requestEnded_);
  upstream_->flush();
}

void ProxyExchange::onRequestBody(buffer::Buffer& data, bool end) {
  info_.requestBytes += data.size();
  clientMoved_ = worker_.loop.now();
  if (end) requestBodyEnded();
  size_t limit = worker_.settings.maxBodyBytes;
  if (limit > 0 && info_.requestBytes > limit && !tunnel_) {
    data.clear();
    if (response_->status == 0 && stream_ != nullptr) {
      dropUpstream();
      closeHttp1();
      engineError(413);
    }
    return;
  }
  if (state_ == State::kDone || responseEnded_ || localReply_) {
    data.clear();
    return;
  }
  if (bodies_ != nullptr && bodies_->request.active) return filterRequestBody(data, end, nullptr);
  requestEnded_ = end;
  pendingBody_.moveFrom(data);
  if (collecting_) return bodyCollected();
  deliverRequestBody();
}

size_t ProxyExchange::heldBody() const {
  size_t filters = bodies_ == nullptr ? 0 : bodies_->request.bytes();
  size_t output = upstream_ == nullptr ? 0 : upstream_->connection().output().size();
  return pendingBody_.size() + filters + std::max(output, replayBody_.size());
}

void ProxyExchange::deliverRequestBody() {
  if (upstream_ != nullptr && state_ >= State::kForwarding && state_ <= State::kResponding) {
    sendPending();
    if (state_ == State::kForwarding) watchOrigin();
    if (tunnel_) armUpstreamTimer(service_->readTimeout);  // neither side is silent
  }
  if (!requestEnded_) balanceClient();
}

/// Stops the client's body while much of it is held on its way to the origin, and lets it go on
/// after that.
void ProxyExchange::balanceClient() {
  if (stream_ == nullptr || bodyEnded_) return;
  const bool full =
      !collecting_ && (pendingBody_.size() > kHeldMark ||
                       (bodies_ != nullptr && bodies_->request.bytes() > kHeldMark) ||
                       (upstream_ != nullptr && upstream_->connection().aboveHighMark()));
  if (full == bodyPaused_) return;
  bodyPaused_ = full;
  stream_->pauseBody(full);
  if (full) {
    if (clientWait_ == ClientWait::kBody) stopAwaitingClient();
  } else {
    awaitBody();
    touch();
  }
}

/// The last of the body has come, whatever filters still hold of it.
void ProxyExchange::requestBodyEnded() {
  bodyEnded_ = true;
  if (clientWait_ == ClientWait::kBody) stopAwaitingClient();
}

void ProxyExchange::onRequestTrailers(http::HeaderMap& trailers) {
  requestBodyEnded();
  removeUnfitTrailers(trailers);
  if (bodies_ != nullptr && bodies_->request.active) {
    buffer::Buffer nothing(worker_.slabs);
    return filterRequestBody(nothing, true, &trailers);
  }
  requestEnded_ = true;
  if (collecting_) return bodyCollected();
  runTrailerFilters(http::Direction::kRequest, trailers);
  sendRequestTrailers(trailers);
}

void ProxyExchange::sendRequestTrailers(http::HeaderMap& trailers) {
  requestEnded_ = true;
  if (upstream_ == nullptr) return;  // sent without them: they are optional by definition
  requestEnded_ = false;
  sendPending();
  requestEnded_ = true;
  if (upstream_ == nullptr) return;
  upstream_->codec().sendTrailers(trailers);
  upstream_->flush();
  if (state_ == State::kForwarding) watchOrigin();
}

void ProxyExchange::onUpstreamWritable() {
  if (upstream_ == nullptr) return;
  if (state_ == State::kForwarding) watchOrigin();
  balanceClient();
}

void ProxyExchange::onInformational(int status, http::HeaderMap& headers) {
  // 100 was answered by us; others pass to clients that can take them.
  if (status == 100 || request_->version == http::Version::kHttp10) return;
  stream_->sendInformational(status, &headers);
  touch();
}

void ProxyExchange::onResponseHead(bool end) {
  event::EventLoop::cancel(upstreamTimer_);
  stopAwaitingClient();  // it has its answer: the body goes on as the origin wants it
  info_.proxied = true;
  info_.failure = http::FailureCause::kNone;  // of an attempt before this one
  info_.attempt.answered = worker_.loop.now();
  info_.attempt.status = response_->status;
  bool switching = response_->status == 101;
  if (switching && !upgrade_) {
    return attemptFailed(false, true, "upgrade that nobody asked for");
  }
  if (choice_.view != nullptr) endpointAnswered();
  removeHopByHop(response_->headers, switching);
  if (!trailersWanted_) response_->headers.remove(http::HeaderCode::kTrailer);
  addProxyHeaders(false);
  replayBody_.clear();
  replayable_ = false;
  if (filters_.holdsResponses() && !filterResponse(end)) return;
  sendHead(end);
  if (switching) startTunnel();
  if (end) {
    finishResponse();
  } else if (state_ == State::kResponding) {
    armUpstreamTimer(service_->readTimeout);
  }
}

void ProxyExchange::startTunnel() {
  tunnel_ = true;
  bodyEnded_ = false;
  if (bodies_ != nullptr) bodies_->request.active = bodies_->response.active = false;
  hasBody_ = true;
  requestEnded_ = false;
}

void ProxyExchange::onResponseBody(buffer::Buffer& data, bool end) {
  if (stream_ == nullptr) {
    data.clear();
    return;
  }
  if (bodies_ != nullptr && bodies_->response.active) return filterResponseBody(data, end, nullptr);
  info_.responseBytes += data.size();
  stream_->sendBody(data, end);
  touch();
  if (end) return finishResponse();
  armUpstreamTimer(service_->readTimeout);
  if (!upstreamPaused_ && stream_->congested()) {
    upstreamPaused_ = true;
    event::EventLoop::cancel(upstreamTimer_);  // the client is slow, not the origin
    awaitReader();
    upstream_->connection().pauseReading();
  }
}

void ProxyExchange::onResponseWritable() {
  if (!upstreamPaused_ || upstream_ == nullptr) return;
  if (bodies_ != nullptr && bodies_->response.active) return balanceUpstream();
  upstreamPaused_ = false;
  stopAwaitingClient();
  upstream_->connection().resumeReading();
  armUpstreamTimer(service_->readTimeout);
}

void ProxyExchange::onResponseTrailers(http::HeaderMap& trailers) {
  if (bodies_ != nullptr && bodies_->response.active) {
    buffer::Buffer nothing(worker_.slabs);
    return filterResponseBody(nothing, true, &trailers);
  }
  runTrailerFilters(http::Direction::kResponse, trailers);
  stream_->sendTrailers(trailers);
  touch();
  finishResponse();
}

void ProxyExchange::onResponseError(http::StreamError, std::string_view detail) {
  upstream::UpstreamConnection* connection = upstream_;
  upstream_ = nullptr;
  bool stale = connection != nullptr && connection->reused() && !triedFresh_;
  if (connection != nullptr && !connection->brokenBy().empty()) detail = connection->brokenBy();
  if (connection != nullptr) connection->abort();
  event::EventLoop::cancel(upstreamTimer_);
  if (state_ == State::kForwarding && stale &&
      (repeatable(request_->method) && (replayable_ || !anyBodySent_))) {
    // A kept connection that closed before any response byte: the origin's idle limit was shorter
    // than ours. Once more on a fresh one, not counted against the service's retries.
    --info_.attempts;
    info_.attempt.failure = http::causeOf(failurePhase(), detail);
    attempt(true);
  } else {
    attemptFailed(false, true, detail);
  }
  touch();
}

bool ProxyExchange::mayRetry(bool requestSent) const {
  if (info_.attempts > service_->retries) return false;
  if (!requestSent) return replayable_ || !anyBodySent_;
  return repeatable(request_->method) && (replayable_ || !anyBodySent_) && !tunnel_;
}

void ProxyExchange::attemptFailed(bool timedOut, bool requestSent, std::string_view detail) {
  const http::FailurePhase phase = failurePhase();
  info_.failure = info_.attempt.failure = http::causeOf(phase, detail);
  if (upstream_ != nullptr) {
    upstream_->abort();
    upstream_ = nullptr;
  }
  event::EventLoop::cancel(upstreamTimer_);
  if (state_ == State::kResponding) {
    // The head is out: all that can be done is to show that the body is cut short.
    if (stream_ != nullptr) {
      reportFailure(phase, detail, 0);
      stream_->reset(http::StreamError::kPeerClosed);
    }
    stream_ = nullptr;
    return end();
  }
  if (stream_ == nullptr) return;
  bool again = state_ != State::kHolding && mayRetry(requestSent);
  if (choice_.view != nullptr && state_ != State::kHolding) endpointFailed(timedOut, !again);
  if (again) {
    response_->headers.clear();
    response_->status = 0;
    return attempt(false);
  }
  info_.proxied = true;
  reportFailure(phase, detail, timedOut ? 504 : 502);
  // Who asked for another protocol may be speaking it already: that must not be read as a request.
  if (upgradeAsked_) closeHttp1();
  engineError(timedOut ? 504 : 502, http::AnsweredBy::kGateway);
}

void ProxyExchange::dropUpstream() {
  event::EventLoop::cancel(upstreamTimer_);
  worker_.resolver.cancel(resolving_);
  resolving_ = 0;
  if (pendingUpstream_ != nullptr) {
    worker_.pool.cancel(*pendingUpstream_);
    pendingUpstream_ = nullptr;
  }
  if (upstream_ != nullptr) {
    upstream_->abort();
    upstream_ = nullptr;
  }
}

}  // namespace tollgate::proxy
