#include "source/proxy/exchange.h"

#include "source/proxy/client_fields.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"
#include "source/tls/info.h"

namespace tollgate::proxy {

ProxyExchange::ProxyExchange(WorkerContext& worker)
    : http::Exchange(worker.loop),
      worker_(worker),
      walk_(*this),
      forwarder_(*this, worker.slabs),
      responder_(*this),
      client_(*this) {}

ProxyExchange::~ProxyExchange() { unpinSlabs(); }

// ---- Its life ----------------------------------------------------------------------------------

void ProxyExchange::begin(HttpConnectionManager& manager, http::ServerStream& stream) {
  ++generation_;
  alive_ = true;
  state_.manager = &manager;
  state_.stream = &stream;
  state_.pinned = worker_.pin();
  request_ = arena_.make<http::RequestHead>(arena_);
  response_ = arena_.make<http::ResponseHead>(arena_);
  if (manager.http2()) request_->version = http::Version::kHttp2;  // also of one without a head
  worker_.makeRequestId(requestId_);
  info_.requestId = {requestId_, sizeof requestId_};
  info_.began = worker_.loop.now();
  info_.peer = info_.client = &manager.peer();
  info_.clientIp = manager.peerIp();
  info_.localPort = manager.localPort();
  info_.secure = manager.secure();
}

void ProxyExchange::touch() {
  if (alive_) state_.manager->touch();
}

void ProxyExchange::finishResponse() {
  info_.complete = true;
  state_.phase = Phase::kDone;
  state_.stream = nullptr;
  end();
}

void ProxyExchange::end() {
  if (!alive_) return;
  client_.stop();
  forwarder_.drop();
  forwarder_.choice().leave();
  info_.ended = worker_.loop.now();
  alive_ = false;
  worker_.exchangeEnded(*this);
  state_.manager->onExchangeEnd();
}

void ProxyExchange::finish() {
  const Snapshot* snapshot = state_.pinned == nullptr ? nullptr : state_.pinned->snapshot.get();
  walk_.finish(state_.manager->listenerFilters(),
               snapshot == nullptr ? nullptr : snapshot->globalPlan.get());
  worker_.counters.requestEnded(info_, response_->status);
  if (worker_.accessLog != nullptr) log();
  worker_.unpin(state_.pinned);
  reset();
}

void ProxyExchange::keepClientFields() {
  auto* kept = arena_.make<http::HeaderMap>(arena_);
  kept->assign(request_->headers);
  info_.clientFields = kept;
}

void ProxyExchange::tellTls() {
  static const upstream::Service kNoService{};
  if (state_.route != nullptr) {
    const upstream::Service& service = state_.service != nullptr ? *state_.service : kNoService;
    info_.upstreamTarget = upstreamTarget(
        {*request_, info_, state_.target, *state_.route, service, *state_.manager, worker_});
  }
  if (!info_.secure) return;
  const net::Transport& transport = state_.manager->connection().transport();
  info_.serverName = transport.serverName();
  info_.alpn = transport.alpn();
  info_.certificate = transport.peerCertificate();
  const tls::Info tls = tls::infoOf(transport);
  info_.tlsVersion = tls.version;
  info_.tlsCipher = tls.cipher;
}

void ProxyExchange::log() {
  http::AccessRecord record;
  record.unixMillis = worker_.loop.unixMillis();
  record.clientIp = info_.clientIp;
  record.method = request_->method;
  record.target = loggedTarget();
  record.referer = request_->headers.get(http::HeaderCode::kReferer);
  record.userAgent = request_->headers.get(http::HeaderCode::kUserAgent);
  record.requestId = requestId();
  record.version = request_->version;
  record.status = response_->status;
  record.bodyBytes = info_.responseBytes;
  record.failure = info_.failure;
  worker_.accessLog->write(record);
}

void ProxyExchange::unpinSlabs() {
  for (PinnedSlab* each = state_.pins; each != nullptr; each = each->next) each->slab.reset();
}

void ProxyExchange::reset() {
  client_.reset();
  forwarder_.reset();
  walk_.reset();
  unpinSlabs();
  state_ = {};
  info_ = {};
  request_ = nullptr;
  response_ = nullptr;
  arena_.reset();
}

// ---- The way of the request --------------------------------------------------------------------

void ProxyExchange::onRequestHead(bool end) {
  state_.requestEnded = state_.bodyEnded = end;
  state_.hasBody = info_.hasBody = !end;
  std::string_view length = request_->headers.get(http::HeaderCode::kContentLength);
  if (!length.empty()) {
    int64_t bytes = 0;
    for (char digit : length) bytes = bytes * 10 + (digit - '0');
    forwarder_.setLength(bytes);
    size_t limit = worker_.settings.maxBodyBytes;
    if (limit > 0 && static_cast<uint64_t>(bytes) > limit) return responder_.engineError(413);
  }
  if (request_->method == "TRACE" || request_->method == "CONNECT") {
    return responder_.engineError(405);
  }
  routeRequest();
}

void ProxyExchange::routeRequest() {
  std::string_view asked = request_->target;
  RoutedTarget& target = state_.target;
  const route::TargetScan scan = route::scanTarget(asked);
  info_.path = target.rawPath = asked.substr(0, scan.pathBytes);
  info_.hasQuery = scan.pathBytes < asked.size();
  info_.query = info_.hasQuery ? asked.substr(scan.pathBytes + 1) : std::string_view();
  target.simplePath = scan.simple;
  if (!target.simplePath) {
    if (!route::wellFormedPath(target.rawPath)) return responder_.refusePath();
    info_.path = route::normalizePath(target.rawPath, arena_.chars(target.rawPath.size() + 1));
  }
  findClient(worker_.settings, *request_, info_);
  if (state_.pinned == nullptr) return responder_.engineError(503);

  struct Lookup final : route::HeaderLookup {
    explicit Lookup(const http::HeaderMap& headers) : headers(headers) {}
    void visit(std::string_view name, route::HeaderVisitor& visitor) const override {
      headers.forEach([&](const http::Header& header) {
        if (!http::equalsIgnoreCase(header.name(), name)) return;
        visitor.onValue(header.value());
      });
    }
    const http::HeaderMap& headers;
  } lookup(request_->headers);

  route::MatchInput input;
  input.method = request_->method;
  input.host = target.host = route::HostName::of(request_->host, arena_);
  if (state_.manager->misdirected(target.host.name)) return responder_.engineError(421);
  input.normalizedPath = info_.path;
  input.sni = state_.manager->connection().transport().serverName();
  input.destinationPort = info_.localPort;
  input.tls = info_.secure;
  input.headers = &lookup;
  route::Match match;
  const http::FilterPlan* plan = state_.pinned->snapshot->globalPlan.get();
  if (state_.pinned->snapshot->routes->match(input, match)) {
    info_.route = state_.route = static_cast<const Route*>(match.payload);
    target.pathMatched = match.pathMatched;
    target.matchedRegex = match.regex;
    target.matchedPrefix = match.pathMatched ? match.matchedPrefix : std::string_view("/");
    info_.service = state_.service = state_.pinned->snapshot->serviceOf(*state_.route);
    plan = state_.pinned->snapshot->planOf(*state_.route);
  } else if (match.tooCostly) {
    return responder_.engineError(500);
  }
  state_.hop = leaveClientHop(*request_);
  walk_.start(state_.manager->listenerFilters(), plan);
}

void ProxyExchange::filtersPassed() {
  if (state_.route == nullptr) {
    return responder_.answerError(404, "no Route matched with those values");
  }
  if (state_.service == nullptr) {
    return responder_.answerError(503, "no Service found with those values");
  }
  forwarder_.start();
}

void ProxyExchange::sendContinue() {
  http::HeaderMap& headers = request_->headers;
  if (!state_.hasBody ||
      !http::equalsIgnoreCase(headers.get(http::HeaderCode::kExpect), "100-continue")) {
    return;
  }
  headers.remove(http::HeaderCode::kExpect);
  state_.stream->sendInformational(100, nullptr);
  touch();
}

void ProxyExchange::onRequestBody(buffer::Buffer& data, bool end) {
  info_.requestBytes += data.size();
  client_.bodyMoved();
  if (end) bodyEnded();
  size_t limit = worker_.settings.maxBodyBytes;
  if (limit > 0 && info_.requestBytes > limit && !state_.tunnel) {
    data.clear();
    if (response_->status == 0 && state_.stream != nullptr) {
      forwarder_.drop();
      responder_.closeHttp1();
      responder_.engineError(413);
    }
    return;
  }
  if (state_.phase == Phase::kDone || state_.localReply) return data.clear();
  if (walk_.bodies().takesRequest()) return walk_.bodies().request(data, end, nullptr);
  state_.requestEnded = end;
  forwarder_.pendingBody().moveFrom(data);
  walk_.collectsRequest() ? walk_.requestCollected() : forwarder_.deliver();
}

void ProxyExchange::bodyEnded() {
  state_.bodyEnded = true;
  client_.stopAwaitingBody();
}

size_t ProxyExchange::heldBody() const { return walk_.bodies().heldRequest() + forwarder_.held(); }

void ProxyExchange::onRequestTrailers(http::HeaderMap& trailers) {
  bodyEnded();
  removeUnfitTrailers(trailers);
  if (walk_.bodies().takesRequest()) {
    buffer::Buffer nothing(worker_.slabs);
    return walk_.bodies().request(nothing, true, &trailers);
  }
  state_.requestEnded = true;
  forwarder_.setTrailers(&trailers);
  if (walk_.collectsRequest()) return walk_.requestCollected();
  forwarder_.deliver();
}

void ProxyExchange::onRequestReset(http::StreamError) {
  state_.stream = nullptr;
  forwarder_.drop();
  if (state_.phase != Phase::kDone && response_->status == 0) response_->status = 499;
  end();
}

void ProxyExchange::onResponseWritable() {
  if (walk_.bodies().originStopped()) walk_.bodies().balanceOrigin();
}

void ProxyExchange::onRequestError(int status, std::string_view reason) {
  info_.reason = reason;
  if (state_.phase >= Phase::kResponding) {
    forwarder_.drop();
    if (state_.stream != nullptr) state_.stream->reset(http::StreamError::kProtocol);
    state_.stream = nullptr;
    return end();
  }
  info_.proxied = info_.upstreamBegan != event::TimePoint{};
  forwarder_.drop();
  if (state_.stream != nullptr) state_.stream->closeAfter();
  responder_.engineError(status);
}

void ProxyExchange::startTunnel() {
  state_.tunnel = true;
  state_.hasBody = true;
  state_.bodyEnded = false;
  state_.requestEnded = false;
  walk_.bodies().stop();
}

// ---- What filters ask for ----------------------------------------------------------------------

const net::PeerCertificate* ProxyExchange::peerCertificate() {
  return state_.manager->connection().transport().peerCertificate();
}

std::optional<std::string_view> ProxyExchange::uriCapture(std::string_view group) {
  return route::RouteTable::capture(state_.target.matchedRegex, info_.path, group);
}

http::ClientConnection ProxyExchange::clientConnection() {
  HttpConnectionManager& manager = *state_.manager;
  return {manager.connection().localAddress(), manager.serial(), manager.requests()};
}

void ProxyExchange::replyError(int status, std::string_view message) {
  responder_.answerError(status, message, http::AnsweredBy::kFilter);
}

void ProxyExchange::reply(int status, std::string_view contentType, std::string_view body) {
  responder_.reply(status, contentType, body, http::AnsweredBy::kFilter);
}

void ProxyExchange::replaceRequestBody(std::string_view body) {
  if (state_.hasBody && !state_.requestEnded) return;  // more of it would follow
  state_.hasBody = state_.requestEnded = true;
  forwarder_.replaceBody(body);
}

void ProxyExchange::resumePaused(uint32_t turn) {
  walk_.resume(turn);
  touch();
}

}  // namespace tollgate::proxy
