#include "source/proxy/exchange.h"

#include "source/http/error_body.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"

namespace tollgate::proxy {

ProxyExchange::ProxyExchange(WorkerContext& worker)
    : http::Exchange(worker.loop),
      worker_(worker),
      pendingBody_(worker.slabs),
      replayBody_(worker.slabs) {}

ProxyExchange::~ProxyExchange() {
  unpinSlabs();
  if (choice_.view != nullptr) leaveCluster();
}

void ProxyExchange::begin(HttpConnectionManager& manager, http::ServerStream& stream) {
  ++generation_;
  manager_ = &manager;
  stream_ = &stream;
  request_ = arena_.make<http::RequestHead>(arena_);
  response_ = arena_.make<http::ResponseHead>(arena_);
  if (manager.http2()) request_->version = http::Version::kHttp2;  // also of one without a head
  pinned_ = worker_.pin();
  worker_.makeRequestId(requestId_);
  info_.requestId = {requestId_, sizeof requestId_};
  info_.began = worker_.loop.now();
  info_.peer = info_.client = &manager.peer();
  info_.clientIp = manager.peerIp();
  info_.localPort = manager.localPort();
  info_.secure = manager.secure();
  alive_ = true;
}

void ProxyExchange::clear() {
  request_ = nullptr;
  response_ = nullptr;
  manager_ = nullptr;
  stream_ = nullptr;
  pinned_ = nullptr;
  route_ = nullptr;
  service_ = nullptr;
  filters_.clear();
  if (bodies_ != nullptr) bodies_->~FilteredBodies();
  bodies_ = nullptr;
  attemptHeaders_ = nullptr;
  info_ = {};
  matchedPrefix_ = rawPath_ = {};
  matchedRegex_ = nullptr;
  host_ = {};
  unpinSlabs();
  pendingBody_.clear();
  replayBody_.clear();
  contentLength_ = -1;
  addressIndex_ = 0;
  pausedRequest_ = pausedResponse_ = 0;
  clientBytes_ = upstreamTook_ = 0;
  bodyEnded_ = false;
  requestEnded_ = responseEnded_ = hasBody_ = pathMatched_ = upgrade_ = false;
  anyBodySent_ = bodyPaused_ = upstreamPaused_ = tunnel_ = triedFresh_ = false;
  collecting_ = trailersWanted_ = upgradeAsked_ = admitted_ = simplePath_ = false;
  walking_ = headEnd_ = localReply_ = collectingResponse_ = false;
  replayable_ = true;
  state_ = State::kFiltering;
  arena_.reset();
}

void ProxyExchange::unpinSlabs() {
  for (; pins_ != nullptr; pins_ = pins_->next) pins_->slab.reset();
}

void ProxyExchange::onRequestHead(bool end) {
  requestEnded_ = bodyEnded_ = end;
  hasBody_ = !end;
  std::string_view length = request_->headers.get(http::HeaderCode::kContentLength);
  if (!length.empty()) {
    contentLength_ = 0;
    for (char digit : length) contentLength_ = contentLength_ * 10 + (digit - '0');
    size_t limit = worker_.settings.maxBodyBytes;
    if (limit > 0 && static_cast<uint64_t>(contentLength_) > limit) return engineError(413);
  }
  if (request_->method == "TRACE" || request_->method == "CONNECT") return engineError(405);
  routeRequest();
}

void ProxyExchange::touch() {
  if (alive_) manager_->touch();
}

void ProxyExchange::routeRequest() {
  std::string_view target = request_->target;
  const route::TargetScan scan = route::scanTarget(target);
  info_.path = rawPath_ = target.substr(0, scan.pathBytes);
  info_.hasQuery = scan.pathBytes < target.size();
  info_.query = info_.hasQuery ? target.substr(scan.pathBytes + 1) : std::string_view();
  simplePath_ = scan.simple;
  if (!simplePath_) {
    if (!route::wellFormedPath(rawPath_)) return refusePath();
    info_.path = route::normalizePath(rawPath_, arena_.chars(rawPath_.size() + 1));
  }
  findClient();
  if (pinned_ == nullptr) return engineError(503);

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
  input.host = host_ = route::HostName::of(request_->host, arena_);
  if (manager_->misdirected(host_.name)) return engineError(421);
  input.normalizedPath = info_.path;
  input.sni = manager_->connection().transport().serverName();
  input.destinationPort = manager_->localPort();
  input.tls = manager_->secure();
  input.headers = &lookup;
  route::Match match;
  const http::FilterPlan* plan = pinned_->snapshot->globalPlan.get();
  if (pinned_->snapshot->routes->match(input, match)) {
    info_.route = route_ = static_cast<const Route*>(match.payload);
    pathMatched_ = match.pathMatched;
    matchedRegex_ = match.regex;
    matchedPrefix_ = match.pathMatched ? match.matchedPrefix : std::string_view("/");
    info_.service = service_ = pinned_->snapshot->serviceOf(*route_);
    plan = pinned_->snapshot->planOf(*route_);
  } else if (match.tooCostly) {
    return engineError(500);
  }
  leaveClientHop();
  filters_.build(arena_, manager_->listenerFilters(), plan);
  continueFilters();
}

/// The listener's filters first, whatever the route; then what the route itself demands, its
/// plugins, and the listener's filters that stand after them.
void ProxyExchange::continueFilters() {
  if (!admitted_) {
    if (filters_.before > 0 && !runRequestFilters(filters_.before)) return;
    admitted_ = true;
    if (route_ == nullptr) {
      filters_.passPlugins();
    } else if (!protocolAllowed()) {
      return enforceProtocol();
    }
  }
  if (filters_.count > 0 && !runRequestFilters(filters_.count)) return;
  if (route_ == nullptr) return answerError(404, "no Route matched with those values");
  if (service_ == nullptr) return answerError(503, "no Service found with those values");
  forward();
}

/// Runs request-header hooks up to that step; false if one paused, answered or waits for the body.
bool ProxyExchange::runRequestFilters(size_t until) {
  while (filters_.asked < until) {
    FilterChain::Step& step = filters_.steps[filters_.asked];
    step.choose(info_.consumer);
    if (step.mayNeed(http::kWholeRequest) && !collectRequest(*step.filter)) return false;
    ++filters_.asked;
    if ((step.hooks & http::kRequestHeaders) == 0) continue;
    filters_.current = step.entry;
    http::Action action = step.filter->onRequestHeaders(*this, step.state);
    if (state_ != State::kFiltering) return false;  // it answered
    if (action == http::Action::kPause) {
      pausedRequest_ = turn_++;
      return false;
    }
  }
  return true;
}

bool ProxyExchange::bodyComplete() const {
  return requestEnded_ || pendingBody_.size() > requestLimit_;
}

/// Where the filter wants to see the whole body: true if it is there, or larger than it takes (it
/// then finds no body, and it streams on as usual). Else its turn comes when that is so.
bool ProxyExchange::collectRequest(const http::HttpFilter& filter) {
  if (filter.requestBodyNeed() != http::BodyNeed::kWhole) return true;
  requestLimit_ = filter.requestBodyLimit();
  if (!hasBody_ || bodyComplete()) return true;
  collecting_ = true;
  sendContinue();
  balanceClient();
  awaitBody();
  return false;
}

void ProxyExchange::bodyCollected() {
  if (!bodyComplete()) return;
  collecting_ = false;
  if (clientWait_ == ClientWait::kBody) stopAwaitingClient();  // filters come first
  continueFilters();
  touch();
}

void ProxyExchange::resumePaused(uint32_t turn) {
  if (turn == pausedRequest_ && turn != 0) {
    pausedRequest_ = 0;
    state_ == State::kFiltering ? continueFilters() : pumpRequestBody();
  } else if (turn == pausedResponse_ && turn != 0) {
    pausedResponse_ = 0;
    state_ == State::kHolding ? continueResponse() : pumpResponseBody();
  }
  touch();
}

const net::PeerCertificate* ProxyExchange::peerCertificate() {
  return manager_->connection().transport().peerCertificate();
}

/// For the filter whose turn it is.
const buffer::Buffer* ProxyExchange::wholeRequestBody() {
  if (state_ != State::kFiltering || !requestEnded_ || filters_.asked == 0) return nullptr;
  const http::HttpFilter* asking = filters_.steps[filters_.asked - 1].filter;
  const bool whole = asking != nullptr && asking->requestBodyNeed() == http::BodyNeed::kWhole &&
                     pendingBody_.size() <= asking->requestBodyLimit();
  return whole ? &pendingBody_ : nullptr;
}

void ProxyExchange::replaceRequestBody(std::string_view body) {
  pendingBody_.clear();
  pendingBody_.append(body);
  contentLength_ = static_cast<int64_t>(body.size());
}

void ProxyExchange::onRequestReset(http::StreamError) {
  stream_ = nullptr;
  dropUpstream();
  if (state_ != State::kDone && response_->status == 0) response_->status = 499;
  end();
}

void ProxyExchange::onRequestError(int status, std::string_view reason) {
  info_.reason = reason;
  if (state_ == State::kResponding || state_ == State::kDone) {
    dropUpstream();
    if (stream_ != nullptr && !responseEnded_) stream_->reset(http::StreamError::kProtocol);
    stream_ = nullptr;
    return end();
  }
  info_.proxied = info_.upstreamBegan != event::TimePoint{};
  dropUpstream();
  if (stream_ != nullptr) stream_->closeAfter();
  engineError(status);
}

/// The last byte of the response was given to the codec.
void ProxyExchange::finishResponse() {
  responseEnded_ = info_.complete = true;
  state_ = State::kDone;
  event::EventLoop::cancel(upstreamTimer_);
  stream_ = nullptr;
  end();
}

/// Nothing goes in or out any more. What is due then waits for the end of the pass: a hook that has
/// answered, or whoever has called it, may still be at work on this exchange.
void ProxyExchange::end() {
  if (!alive_) return;
  stopAwaitingClient();
  if (upstream_ != nullptr) {
    upstream::UpstreamConnection* connection = upstream_;
    upstream_ = nullptr;
    if (upstreamPaused_) connection->connection().resumeReading();
    connection->release();
  }
  dropUpstream();
  if (choice_.view != nullptr) leaveCluster();
  info_.ended = worker_.loop.now();
  alive_ = false;
  worker_.exchangeEnded(*this);
  manager_->onExchangeEnd();
}

void ProxyExchange::finish() {
  if ((filters_.hooks & http::kComplete) != 0) {
    filters_.chooseRest(info_.consumer);  // of a refused request some never had their turn
    for (size_t i = 0; i < filters_.count; ++i) {
      const FilterChain::Step& step = filters_.steps[i];
      if ((step.hooks & http::kComplete) == 0) continue;
      step.filter->onComplete(*this, step.state);
    }
  }
  WorkerCounters::add(worker_.counters.requests, 1);
  if (worker_.accessLog != nullptr) log();
  worker_.unpin(pinned_);
  clear();
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

}  // namespace tollgate::proxy
