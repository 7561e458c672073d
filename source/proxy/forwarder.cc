#include <algorithm>

#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// The attempts of one exchange at its origin: address, connection, request, deadlines, retries,
/// and the streaming of bodies both ways with back-pressure.
namespace tollgate::proxy {

namespace {
constexpr size_t kPendingMark = 256 * 1024;  ///< Request bytes held before the client is stopped.
constexpr size_t kReplayLimit = 64 * 1024;   ///< Request bytes kept for a retry.

/// Whether an element of Connection is `token`.
bool connectionNames(const http::HeaderMap& headers, std::string_view token) {
  bool found = false;
  headers.forEach([&](const http::Header& header) {
    if (header.code != http::HeaderCode::kConnection) return;
    std::string_view list = header.value();
    while (!list.empty()) {
      size_t comma = list.find(',');
      std::string_view one = list.substr(0, comma);
      list = comma == list.npos ? std::string_view() : list.substr(comma + 1);
      while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
      while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
      found = found || http::equalsIgnoreCase(one, token);
    }
  });
  return found;
}

bool repeatable(std::string_view method) {
  return method != "POST" && method != "LOCK" && method != "PATCH";
}
}  // namespace

void ProxyExchange::forward() {
  const http::HeaderMap& headers = request_->headers;
  upgradeAsked_ = headers.has(http::HeaderCode::kUpgrade);
  upgrade_ = upgradeAsked_ && connectionNames(headers, "upgrade") &&
             request_->version == http::Version::kHttp11 &&
             http::equalsIgnoreCase(headers.get(http::HeaderCode::kUpgrade), "websocket");
  sendContinue();
  if (service_->cluster != nullptr) enterCluster();
  prepareRequestHeaders();
  if ((filters_.hooks & http::kRequestBody) != 0 && hasBody_ && !startRequestBodyFilters()) return;
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
    net::Address address = (*addresses)[addressIndex_++ % addresses->size()];
    address.setPort(port);
    return withAddress(address);
  }
  state_ = State::kResolving;
  http::PauseHandle handle = pauseHandle();
  uint64_t id = worker_.resolver.resolve(
      host,
      [this, handle, port](const std::vector<net::Address>& addresses, net::ResolveError error) {
        if (handle.get() == nullptr) return;
        resolving_ = 0;
        if (error == net::ResolveError::kNone) {
          net::Address address = addresses[addressIndex_++ % addresses.size()];
          address.setPort(port);
          withAddress(address);
        } else if (error == net::ResolveError::kNotFound) {
          replyError(503, "name resolution failed");
        } else {
          replyError(500, arena_.concat("failed the initial dns/balancer resolve for '",
                                        service_->host, "' with: dns server error"));
        }
        touch();
      });
  if (state_ == State::kResolving) resolving_ = id;
}

void ProxyExchange::withAddress(const net::Address& address) {
  const upstream::Service& service = *service_;
  state_ = State::kConnecting;
  if (upstreamBegan_ == event::TimePoint{}) upstreamBegan_ = worker_.loop.now();
  ++attempts_;
  std::string_view serverName;
  if (service.tls) {
    serverName = request_->headers.get(http::HeaderCode::kHost);
    serverName = serverName.substr(0, serverName.find(':'));
  }
  upstream::UpstreamConnection* ready =
      worker_.pool.acquire(service, address, serverName, triedFresh_, *this, pendingUpstream_);
  if (ready != nullptr) {
    onUpstreamReady(*ready);
  } else if (pendingUpstream_ == nullptr) {
    // From the loop: a service's many retries would pile up on the stack.
    worker_.loop.post([this, handle = pauseHandle()] {
      if (handle.get() == nullptr) return;
      attemptFailed(false, false, "no socket");
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
  if (attempts_ > 1 && !replayBody_.empty()) {
    buffer::Buffer again(worker_.slabs);
    again.shareFrom(replayBody_);
    again.moveFrom(pendingBody_);
    pendingBody_.moveFrom(again);
    replayBody_.clear();
  }
  if ((filters_.hooks & http::kUpstreamRequest) != 0) {
    for (size_t i = 0; i < filters_.count; ++i) {
      const FilterChain::Step& step = filters_.steps[i];
      if ((step.hooks & http::kUpstreamRequest) == 0) continue;
      step.filter->onUpstreamRequest(*this, step.state, request_->headers);
    }
  }
  http::UpstreamRequest head;
  head.method = request_->method;
  head.target = upstreamTarget();
  head.headers = &request_->headers;
  head.upgrade = upgrade_;
  upstream_->codec().sendHead(head, !hasBody_, contentLength_, *this);
  sendPending();
  upstream_->flush();
  const upstream::Service& service = *service_;
  armUpstreamTimer(requestEnded_ ? service.readTimeout : service.writeTimeout);
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
  requestBytes_ += data.size();
  size_t limit = worker_.settings.maxBodyBytes;
  if (limit > 0 && requestBytes_ > limit && !tunnel_) {
    data.clear();
    if (response_->status == 0 && stream_ != nullptr) {
      dropUpstream();
      stream_->closeAfter();
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

void ProxyExchange::deliverRequestBody() {
  if (upstream_ != nullptr && state_ >= State::kForwarding && state_ <= State::kResponding) {
    sendPending();
    if (state_ == State::kForwarding) {
      const upstream::Service& service = *service_;
      armUpstreamTimer(requestEnded_ ? service.readTimeout : service.writeTimeout);
    }
    if (!requestEnded_ && upstream_ != nullptr && upstream_->connection().aboveHighMark()) {
      pauseClient();
    }
  } else if (pendingBody_.size() > kPendingMark && stream_ != nullptr) {
    pauseClient();
  }
}

void ProxyExchange::onRequestTrailers(http::HeaderMap& trailers) {
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
  if (state_ == State::kForwarding) armUpstreamTimer(service_->readTimeout);
}

void ProxyExchange::onUpstreamWritable() {
  if (!bodyPaused_ || stream_ == nullptr) return;
  if (bodies_ != nullptr && bodies_->request.bytes() > kPendingMark) return;
  bodyPaused_ = false;
  stream_->pauseBody(false);
  touch();
}

void ProxyExchange::onInformational(int status, http::HeaderMap& headers) {
  // 100 was answered by us; others pass to clients that can take them.
  if (status == 100 || request_->version == http::Version::kHttp10) return;
  stream_->sendInformational(status, &headers);
  touch();
}

void ProxyExchange::onResponseHead(bool end) {
  event::EventLoop::cancel(upstreamTimer_);
  proxied_ = true;
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
  responseBytes_ += data.size();
  stream_->sendBody(data, end);
  touch();
  if (end) return finishResponse();
  armUpstreamTimer(service_->readTimeout);
  if (!upstreamPaused_ && stream_->congested()) {
    upstreamPaused_ = true;
    event::EventLoop::cancel(upstreamTimer_);  // the client is slow, not the origin
    upstream_->connection().pauseReading();
  }
}

void ProxyExchange::onResponseWritable() {
  if (!upstreamPaused_ || upstream_ == nullptr) return;
  if (bodies_ != nullptr && bodies_->response.active) return balanceUpstream();
  upstreamPaused_ = false;
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
  if (connection != nullptr) connection->abort();
  event::EventLoop::cancel(upstreamTimer_);
  if (state_ == State::kForwarding && stale &&
      (repeatable(request_->method) && (replayable_ || !anyBodySent_))) {
    // A kept connection that closed before any response byte: the origin's idle limit was shorter
    // than ours. Once more on a fresh one, not counted against the service's retries.
    --attempts_;
    attempt(true);
  } else {
    attemptFailed(false, true, detail);
  }
  touch();
}

void ProxyExchange::onUpstreamTimeout() {
  if (collecting_) {
    stream_->closeAfter();
    return engineError(408);
  }
  if (upstream_ != nullptr) {
    upstream_->abort();
    upstream_ = nullptr;
  }
  attemptFailed(true, true, "timeout");
  touch();
}

bool ProxyExchange::mayRetry(bool requestSent) const {
  if (attempts_ > service_->retries) return false;
  if (!requestSent) return replayable_ || !anyBodySent_;
  return repeatable(request_->method) && (replayable_ || !anyBodySent_) && !tunnel_;
}

void ProxyExchange::attemptFailed(bool timedOut, bool requestSent, std::string_view) {
  if (upstream_ != nullptr) {
    upstream_->abort();
    upstream_ = nullptr;
  }
  event::EventLoop::cancel(upstreamTimer_);
  if (state_ == State::kResponding) {
    // The head is out: all that can be done is to show that the body is cut short.
    if (stream_ != nullptr) stream_->reset(http::StreamError::kPeerClosed);
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
  proxied_ = true;
  // Who asked for another protocol may be speaking it already: that must not be read as a request.
  if (upgradeAsked_) stream_->closeAfter();
  engineError(timedOut ? 504 : 502);
}

void ProxyExchange::armUpstreamTimer(std::chrono::milliseconds limit) {
  worker_.loop.arm(upstreamTimer_, limit);
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
