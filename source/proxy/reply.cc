#include "source/base/host_port.h"
#include "source/http/error_body.h"
#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// What the client is told: heads of proxied responses and the answers of the gateway itself.
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

bool ProxyExchange::protocolAllowed() {
  if (route_->httpsOnly && !secure()) {
    bool forwarded = !worker_.settings.trusted.empty() && trustedPeer() &&
                     request_->headers.get(HeaderCode::kXForwardedProto) == "https";
    return forwarded;
  }
  return !route_->grpc;
}

void ProxyExchange::enforceProtocol() {
  http::HeaderMap& headers = response_->headers;
  if (route_->grpc) {
    std::string_view type = request_->headers.get(HeaderCode::kContentType);
    if (type.substr(0, 16) != "application/grpc") {
      return answerError(415, "Non-gRPC request matched gRPC route");
    }
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "HTTP/2");
    return answerError(426, "Please use HTTP2 protocol");
  }
  if (route_->redirectStatus == 426) {
    headers.add(HeaderCode::kConnection, "Upgrade");
    headers.add(HeaderCode::kUpgrade, "TLS/1.2, HTTP/1.1");
    return answerError(426, "Please use HTTPS protocol");
  }
  const std::string_view host = HostPort::split(request_->host).host;
  headers.add(HeaderCode::kLocation, arena_.concat("https://", host, request_->target));
  sendReply(route_->redirectStatus, "", "", http::AnsweredBy::kGateway);
}

void ProxyExchange::replyError(int status, std::string_view message) {
  answerError(status, message, http::AnsweredBy::kFilter);
}

void ProxyExchange::reply(int status, std::string_view contentType, std::string_view body) {
  sendReply(status, contentType, body, http::AnsweredBy::kFilter);
}

void ProxyExchange::answerError(int status, std::string_view message, http::AnsweredBy who) {
  http::ErrorBody body =
      http::errorBody(arena_, request_->headers.get(HeaderCode::kAccept), message, requestId());
  sendReply(status, body.contentType, body.body, who);
}

/// Errors of the HTTP engine: the form is negotiated by Accept, else Content-Type, else the
/// default.
void ProxyExchange::engineError(int status, http::AnsweredBy who) {
  std::string_view form = request_->headers.get(HeaderCode::kAccept);
  if (!request_->headers.has(HeaderCode::kAccept)) {
    form = request_->headers.get(HeaderCode::kContentType);
    if (form.empty()) form = worker_.settings.errorDefaultType;
  }
  sendEngineError(status, form, who);
}

/// A path that is none is refused like a malformed request line, before Accept counts.
void ProxyExchange::refusePath() {
  closeHttp1();
  sendEngineError(400, worker_.settings.errorDefaultType, http::AnsweredBy::kEngine);
}

/// The answer is the last on an HTTP/1 connection; the other streams of HTTP/2 go on.
void ProxyExchange::closeHttp1() {
  if (request_->version != http::Version::kHttp2) stream_->closeAfter();
}

void ProxyExchange::sendEngineError(int status, std::string_view form, http::AnsweredBy who) {
  response_->headers.clear();
  std::string_view message = http::defaultMessage(status);
  http::ErrorBody body = http::errorBody(arena_, form, message, requestId());
  sendReply(status, body.contentType, body.body, who);
}

void ProxyExchange::sendReply(int status, std::string_view contentType, std::string_view body,
                              http::AnsweredBy who) {
  if (stream_ == nullptr || localReply_ || state_ == State::kResponding || state_ == State::kDone) {
    return;
  }
  if (!isFinal(status)) {  // it would end no request
    stream_->closeAfter();
    return engineError(500, who);
  }
  dropUpstream();
  stopAwaitingClient();
  response_->status = status;
  response_->reason = {};
  http::HeaderMap& headers = response_->headers;
  if (hasNoContent(status)) contentType = body = {};
  if (!contentType.empty()) headers.set(HeaderCode::kContentType, contentType);
  if (status == 204 || status == 304) {
    headers.remove(HeaderCode::kContentLength);
  } else {
    headers.setNumber(HeaderCode::kContentLength, static_cast<int64_t>(body.size()));
  }
  info_.answeredBy = who;
  if (who == http::AnsweredBy::kFilter && filters_.current != nullptr) {
    info_.filter = filters_.current->name;
  }
  addProxyHeaders(true);
  localReply_ = true;
  pausedRequest_ = 0;
  if (filters_.holdsResponses()) return filterReply(body);
  sendLocal(body);
}

void ProxyExchange::sendLocal(std::string_view body) {
  state_ = State::kResponding;
  bool head = request_->method == "HEAD" || body.empty();
  info_.answered = worker_.loop.now();
  info_.responseBytes = head ? 0 : body.size();
  stream_->sendHead(*response_, head);
  if (!head) {
    buffer::Buffer bytes(worker_.slabs);
    bytes.append(body);
    stream_->sendBody(bytes, true);
  }
  touch();
  finishResponse();
}

void ProxyExchange::addProxyHeaders(bool local) {
  using http::LineBlock;
  constexpr size_t kFrames =
      LineBlock::frameOf(HeaderCode::kXKongUpstreamLatency, HeaderCode::kXKongProxyLatency,
                         HeaderCode::kXKongResponseLatency, HeaderCode::kXKongUpstreamStatus,
                         HeaderCode::kXKongRequestId);
  const ProxySettings& settings = worker_.settings;
  const OwnLines& own = worker_.lines;
  http::HeaderMap& headers = response_->headers;
  event::TimePoint now = worker_.loop.now();
  std::string_view via;
  if (info_.proxied && settings.serverTokens) via = viaLine(headers, own.viaDownstream());
  LineBlock block(arena_, kFrames + 4 * LineBlock::kNumber + requestId().size() + via.size() +
                              own.server().size() + http1::DateCache::kLineBytes);
  if (info_.proxied) {
    if (!choice_.setCookie.empty()) setHashCookie();
    if (settings.latencyTokens) {
      headers.remove(HeaderCode::kXKongUpstreamLatency);
      headers.remove(HeaderCode::kXKongProxyLatency);
      const Decimal upstream(millis(now - info_.upstreamBegan)),
          ours(millis(info_.upstreamBegan - info_.began));
      block.lines<HeaderCode::kXKongUpstreamLatency, HeaderCode::kXKongProxyLatency>(
          upstream.text(), ours.text());
    }
    if (settings.upstreamStatusHeader) {
      headers.remove(HeaderCode::kXKongUpstreamStatus);
      block.lines<HeaderCode::kXKongUpstreamStatus>(Decimal(response_->status).text());
    }
    if (!via.empty()) block.whole(HeaderCode::kVia, via);
  } else if (settings.latencyTokens) {
    headers.remove(HeaderCode::kXKongResponseLatency);
    block.lines<HeaderCode::kXKongResponseLatency>(Decimal(millis(now - info_.began)).text());
  }
  // An answer about the origin's failure counts as the origin's, which had no name to tell.
  bool nameless = local && info_.proxied;
  if (settings.serverTokens && !nameless && !headers.has(HeaderCode::kServer)) {
    block.whole(HeaderCode::kServer, own.server());
  }
  if (settings.requestIdDownstream) {
    headers.remove(HeaderCode::kXKongRequestId);
    block.lines<HeaderCode::kXKongRequestId>(requestId());
  }
  // The codec of HTTP/1 writes its own.
  if (request_->version == http::Version::kHttp2 && !headers.has(HeaderCode::kDate)) {
    block.lines<HeaderCode::kDate>(worker_.dateCache().value());
  }
  headers.add(block);
  if (settings.debugHeader && route_ != nullptr &&
      request_->headers.get(HeaderCode::kKongDebug) == "1") {
    headers.set("Kong-Route-Id", route_->id);
    if (!route_->name.empty()) headers.set("Kong-Route-Name", route_->name);
    if (service_ != nullptr) {
      headers.set("Kong-Service-Id", service_->id);
      if (!service_->name.empty()) headers.set("Kong-Service-Name", service_->name);
    }
  }
}

void ProxyExchange::sendHead(bool end) {
  state_ = State::kResponding;
  info_.answered = worker_.loop.now();
  if (!localReply_) info_.answeredBy = http::AnsweredBy::kOrigin;
  stream_->sendHead(*response_, end);
  touch();
}

}  // namespace tollgate::proxy
