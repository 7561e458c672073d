#include "source/proxy/responder.h"

#include "source/base/host_port.h"
#include "source/http/error_body.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

namespace tollgate::proxy {

using http::HeaderCode;

namespace {
int64_t millis(event::Clock::duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

/// RFC 9110 section 15.2: a 1xx comes before the answer.
bool isFinal(int status) { return status >= 200 && status <= 599; }

/// RFC 9110 sections 15.3.5, 15.3.6, and 15.4.5.
bool hasNoContent(int status) { return status == 204 || status == 205 || status == 304; }
}  // namespace

/// Whether TLS, at the listener or before it, came all the way.
bool Responder::arrivedSecure() const {
  if (exchange_.secure()) return true;
  const ProxySettings& settings = exchange_.worker_.settings;
  return !settings.trusted.empty() && isTrusted(settings, *exchange_.info_.peer) &&
         exchange_.request_->headers.get(HeaderCode::kXForwardedProto) == "https";
}

bool Responder::speaksGrpc() const {
  return exchange_.request_->headers.get(HeaderCode::kContentType).starts_with("application/grpc");
}

bool Responder::protocolAllowed() const {
  const Route& route = *exchange_.state_.route;
  if (!route.grpc) return !route.httpsOnly || arrivedSecure();
  return exchange_.request_->version == http::Version::kHttp2 && speaksGrpc() &&
         (!route.grpcSecureOnly || arrivedSecure());
}

void Responder::enforceGrpc() {
  http::HeaderMap& headers = exchange_.response_->headers;
  if (!speaksGrpc()) return answerError(415, "Non-gRPC request matched gRPC route");
  if (exchange_.request_->version != http::Version::kHttp2) {
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "HTTP/2");
    return answerError(426, "Please use HTTP2 protocol");
  }
  headers.add("grpc-status", "1");
  headers.add("grpc-message", "gRPC request matched gRPCs route");
  reply(200, "application/grpc", "", http::AnsweredBy::kGateway);
}

void Responder::enforceProtocol() {
  const Route& route = *exchange_.state_.route;
  const http::RequestHead& request = *exchange_.request_;
  http::HeaderMap& headers = exchange_.response_->headers;
  if (route.grpc) return enforceGrpc();
  if (route.redirectStatus == 426) {
    headers.add(HeaderCode::kConnection, "Upgrade");
    headers.add(HeaderCode::kUpgrade, "TLS/1.2, HTTP/1.1");
    return answerError(426, "Please use HTTPS protocol");
  }
  const std::string_view host = HostPort::split(request.host).host;
  headers.add(HeaderCode::kLocation, exchange_.arena_.concat("https://", host, request.target));
  reply(route.redirectStatus, "", "", http::AnsweredBy::kGateway);
}

void Responder::answerError(int status, std::string_view message, http::AnsweredBy who) {
  http::ErrorBody body =
      http::errorBody(exchange_.arena_, exchange_.request_->headers.get(HeaderCode::kAccept),
                      message, exchange_.requestId());
  reply(status, body.contentType, body.body, who);
}

void Responder::engineError(int status, http::AnsweredBy who) {
  const http::HeaderMap& headers = exchange_.request_->headers;
  std::string_view form = headers.get(HeaderCode::kAccept);
  if (!headers.has(HeaderCode::kAccept)) {
    form = headers.get(HeaderCode::kContentType);
    if (form.empty()) form = exchange_.worker_.settings.errorDefaultType;
  }
  sendEngineError(status, form, who);
}

void Responder::refusePath() {
  closeHttp1();
  sendEngineError(400, exchange_.worker_.settings.errorDefaultType, http::AnsweredBy::kEngine);
}

void Responder::closeHttp1() {
  if (exchange_.request_->version != http::Version::kHttp2) exchange_.state_.stream->closeAfter();
}

void Responder::sendEngineError(int status, std::string_view form, http::AnsweredBy who) {
  exchange_.response_->headers.clear();
  http::ErrorBody body =
      http::errorBody(exchange_.arena_, form, http::defaultMessage(status), exchange_.requestId());
  reply(status, body.contentType, body.body, who);
}

void Responder::reply(int status, std::string_view contentType, std::string_view body,
                      http::AnsweredBy who) {
  auto& state = exchange_.state_;
  if (state.stream == nullptr || state.localReply || state.phase >= Phase::kResponding) return;
  if (!isFinal(status)) {  // it would end no request
    state.stream->closeAfter();
    return engineError(500, who);
  }
  exchange_.forwarder_.drop();
  exchange_.client_.stop();
  http::ResponseHead& response = *exchange_.response_;
  response.status = status;
  response.reason = {};
  if (hasNoContent(status)) contentType = body = {};
  if (!contentType.empty()) response.headers.set(HeaderCode::kContentType, contentType);
  if (status == 204 || status == 304) {
    response.headers.remove(HeaderCode::kContentLength);
  } else {
    response.headers.setNumber(HeaderCode::kContentLength, static_cast<int64_t>(body.size()));
  }
  exchange_.info_.answeredBy = who;
  if (who == http::AnsweredBy::kFilter) exchange_.info_.filter = exchange_.walk_.current();
  addProxyHeaders(true);
  state.localReply = true;
  exchange_.walk_.abandonRequest();
  if (exchange_.walk_.holdsResponses()) return exchange_.walk_.reply(body);
  sendLocal(body);
}

void Responder::sendLocal(std::string_view body) {
  auto& state = exchange_.state_;
  state.phase = Phase::kResponding;
  bool head = exchange_.request_->method == "HEAD" || body.empty();
  exchange_.info_.answered = exchange_.worker_.loop.now();
  exchange_.info_.responseBytes = head ? 0 : body.size();
  state.stream->sendHead(*exchange_.response_, head);
  if (!head) {
    buffer::Buffer bytes(exchange_.worker_.slabs);
    bytes.append(body);
    state.stream->sendBody(bytes, true);
  }
  exchange_.touch();
  exchange_.finishResponse();
}

void Responder::addProxyHeaders(bool local) {
  using http::LineBlock;
  constexpr size_t kFrames =
      LineBlock::frameOf(HeaderCode::kXKongUpstreamLatency, HeaderCode::kXKongProxyLatency,
                         HeaderCode::kXKongResponseLatency, HeaderCode::kXKongUpstreamStatus,
                         HeaderCode::kXKongRequestId);
  WorkerContext& worker = exchange_.worker_;
  const ProxySettings& settings = worker.settings;
  const OwnLines& own = worker.lines;
  const http::ExchangeInfo& info = exchange_.info_;
  http::HeaderMap& headers = exchange_.response_->headers;
  event::TimePoint now = worker.loop.now();
  std::string_view via;
  if (info.proxied && settings.serverTokens) via = viaLine(headers, own.viaDownstream());
  LineBlock block(exchange_.arena_, kFrames + 4 * LineBlock::kNumber + info.requestId.size() +
                                        via.size() + own.server().size() +
                                        http1::DateCache::kLineBytes);
  if (info.proxied) {
    exchange_.forwarder_.choice().addHashCookie(headers);
    if (settings.latencyTokens) {
      headers.remove(HeaderCode::kXKongUpstreamLatency);
      headers.remove(HeaderCode::kXKongProxyLatency);
      const Decimal upstream(millis(now - info.upstreamBegan)),
          ours(millis(info.upstreamBegan - info.began));
      block.lines<HeaderCode::kXKongUpstreamLatency, HeaderCode::kXKongProxyLatency>(
          upstream.text(), ours.text());
    }
    if (settings.upstreamStatusHeader) {
      headers.remove(HeaderCode::kXKongUpstreamStatus);
      block.lines<HeaderCode::kXKongUpstreamStatus>(Decimal(exchange_.response_->status).text());
    }
    if (!via.empty()) block.whole(HeaderCode::kVia, via);
  } else if (settings.latencyTokens) {
    headers.remove(HeaderCode::kXKongResponseLatency);
    block.lines<HeaderCode::kXKongResponseLatency>(Decimal(millis(now - info.began)).text());
  }
  // An answer about the origin's failure counts as the origin's, which had no name to tell.
  bool nameless = local && info.proxied;
  if (settings.serverTokens && !nameless && !headers.has(HeaderCode::kServer)) {
    block.whole(HeaderCode::kServer, own.server());
  }
  if (settings.requestIdDownstream) {
    headers.remove(HeaderCode::kXKongRequestId);
    block.lines<HeaderCode::kXKongRequestId>(info.requestId);
  }
  // The codec of HTTP/1 writes its own.
  if (exchange_.request_->version == http::Version::kHttp2 && !headers.has(HeaderCode::kDate)) {
    block.lines<HeaderCode::kDate>(worker.dateCache().value());
  }
  headers.add(block);
  if (settings.debugHeader) addDebugHeaders();
}

void Responder::addDebugHeaders() {
  const http::ExchangeInfo& info = exchange_.info_;
  http::HeaderMap& headers = exchange_.response_->headers;
  if (info.route == nullptr || exchange_.request_->headers.get(HeaderCode::kKongDebug) != "1")
    return;
  headers.set("Kong-Route-Id", info.route->id);
  if (!info.route->name.empty()) headers.set("Kong-Route-Name", info.route->name);
  if (info.service == nullptr) return;
  headers.set("Kong-Service-Id", info.service->id);
  if (!info.service->name.empty()) headers.set("Kong-Service-Name", info.service->name);
}

void Responder::sendHead(bool end) {
  exchange_.state_.phase = Phase::kResponding;
  exchange_.info_.answered = exchange_.worker_.loop.now();
  if (!exchange_.state_.localReply) exchange_.info_.answeredBy = http::AnsweredBy::kOrigin;
  exchange_.state_.stream->sendHead(*exchange_.response_, end);
  exchange_.touch();
}

}  // namespace tollgate::proxy
