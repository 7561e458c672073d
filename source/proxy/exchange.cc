#include "source/proxy/exchange.h"

#include <algorithm>
#include <cstring>

#include "source/http/error_body.h"
#include "source/proxy/http_connection_manager.h"
#include "source/route/path.h"

namespace tollgate::proxy {

ProxyExchange::ProxyExchange(WorkerContext& worker)
    : worker_(worker), pendingBody_(worker.slabs), replayBody_(worker.slabs) {}

ProxyExchange::~ProxyExchange() = default;

void ProxyExchange::begin(HttpConnectionManager& manager, http::ServerStream& stream) {
  ++generation_;
  manager_ = &manager;
  stream_ = &stream;
  request_ = arena_.make<http::RequestHead>(arena_);
  response_ = arena_.make<http::ResponseHead>(arena_);
  pinned_ = worker_.pin();
  began_ = worker_.loop.now();
  worker_.makeRequestId(requestId_);
  state_ = State::kFiltering;
}

void ProxyExchange::clear() {
  request_ = nullptr;
  response_ = nullptr;
  manager_ = nullptr;
  stream_ = nullptr;
  pinned_ = nullptr;
  route_ = nullptr;
  plan_ = nullptr;
  chosen_ = nullptr;
  filterState_ = nullptr;
  consumer_ = nullptr;
  credentialId_ = path_ = matchedPrefix_ = rawPath_ = query_ = clientIp_ = {};
  for (; pins_ != nullptr; pins_ = pins_->next) pins_->slab.reset();
  pendingBody_.clear();
  replayBody_.clear();
  upstreamBegan_ = {};
  responseBytes_ = requestBytes_ = 0;
  contentLength_ = -1;
  filterIndex_ = addressIndex_ = 0;
  attempts_ = 0;
  requestEnded_ = responseEnded_ = hasQuery_ = hasBody_ = pathMatched_ = upgrade_ = false;
  anyBodySent_ = bodyPaused_ = upstreamPaused_ = tunnel_ = proxied_ = triedFresh_ = false;
  inFilters_ = collecting_ = trailersWanted_ = upgradeAsked_ = false;
  replayable_ = true;
  arena_.reset();
}

void ProxyExchange::onRequestHead(bool end) {
  requestEnded_ = end;
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
  if (manager_ != nullptr) manager_->touch();
}

void ProxyExchange::routeRequest() {
  std::string_view target = request_->target;
  size_t mark = target.find('?');
  rawPath_ = target.substr(0, mark);
  hasQuery_ = mark != std::string_view::npos;
  query_ = hasQuery_ ? target.substr(mark + 1) : std::string_view();
  if (!route::wellFormedPath(rawPath_)) return refusePath();
  char* scratch = arena_.chars(rawPath_.size() + 1);
  path_ = route::normalizePath(rawPath_, scratch);
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
  input.host = request_->host;
  input.normalizedPath = path_;
  input.sni = manager_->connection().transport().serverName();
  input.destinationPort = manager_->localPort();
  input.tls = manager_->secure();
  input.headers = &lookup;
  route::Match match;
  if (!pinned_->snapshot->routes->match(input, match)) {
    plan_ = pinned_->snapshot->globalPlan.get();
    if (plan_ != nullptr) {
      size_t count = plan_->entries.size();
      chosen_ = static_cast<const http::HttpFilter**>(arena_.allocate(sizeof(void*) * (count + 1)));
      for (size_t i = 0; i < count; ++i) chosen_[i] = plan_->entries[i].fallback;
      filterState_ = static_cast<char*>(arena_.allocate(plan_->stateBytes + 1));
      std::memset(filterState_, 0, plan_->stateBytes);
      filterIndex_ = count;
    }
    return replyError(404, "no Route matched with those values");
  }
  route_ = static_cast<const Route*>(match.payload);
  pathMatched_ = match.pathMatched;
  matchedPrefix_ = match.pathMatched ? match.matchedPrefix : std::string_view("/");
  plan_ = route_->plan;
  size_t count = plan_ != nullptr ? plan_->entries.size() : 0;
  if (count > 0) {
    chosen_ = static_cast<const http::HttpFilter**>(arena_.allocate(sizeof(void*) * count));
    std::memset(chosen_, 0, sizeof(void*) * count);
    filterState_ = static_cast<char*>(arena_.allocate(plan_->stateBytes + 1));
    std::memset(filterState_, 0, plan_->stateBytes);
  }
  filterIndex_ = 0;
  if (!protocolAllowed()) return enforceProtocol();
  if (plan_ != nullptr && plan_->wholeRequestBody > 0 && hasBody_) return collectBody();
  continueFilters();
}

/// A filter wants to see the whole body: the filters run when it is there, or has become larger
/// than any of them takes (they then find no body, and it streams on as usual).
void ProxyExchange::collectBody() {
  collecting_ = true;
  sendContinue();
  armUpstreamTimer(worker_.settings.bodyTimeout);
}

void ProxyExchange::bodyCollected() {
  if (!requestEnded_ && pendingBody_.size() <= plan_->wholeRequestBody) {
    return armUpstreamTimer(worker_.settings.bodyTimeout);
  }
  collecting_ = false;
  event::EventLoop::cancel(upstreamTimer_);
  continueFilters();
  touch();
}

const http::HttpFilter* ProxyExchange::filterAt(size_t index) { return chosen_[index]; }

void* ProxyExchange::stateAt(size_t index) {
  return filterState_ + plan_->entries[index].stateOffset;
}

void ProxyExchange::continueFilters() {
  size_t count = plan_ != nullptr ? plan_->entries.size() : 0;
  inFilters_ = true;
  while (filterIndex_ < count) {
    const http::PlanEntry& entry = plan_->entries[filterIndex_];
    // The configuration is chosen when the filter's turn comes: an earlier one may have found the
    // consumer that selects it.
    const http::HttpFilter* filter = entry.choose(consumer_);
    chosen_[filterIndex_] = filter;
    size_t index = filterIndex_++;
    if (filter == nullptr || (filter->hooks() & http::kRequestHeaders) == 0) continue;
    http::Action action = filter->onRequestHeaders(*this, stateAt(index));
    if (state_ != State::kFiltering) {
      inFilters_ = false;
      return;  // it answered
    }
    if (action == http::Action::kPause) {
      inFilters_ = false;
      return;
    }
  }
  inFilters_ = false;
  if (route_->service == nullptr) return replyError(503, "no Service found with those values");
  forward();
}

void ProxyExchange::resumePaused() {
  if (state_ != State::kFiltering || inFilters_) return;
  continueFilters();
  touch();
}

bool ProxyExchange::runResponseHeaderFilters() {
  if (plan_ == nullptr || (plan_->hooks & http::kResponseHeaders) == 0) return true;
  // After a local reply the filters whose turn had not come take part too.
  for (size_t i = filterIndex_; i < plan_->entries.size(); ++i) {
    if (chosen_[i] == nullptr) chosen_[i] = plan_->entries[i].choose(consumer_);
  }
  for (size_t i = 0; i < plan_->entries.size(); ++i) {
    const http::HttpFilter* filter = chosen_[i];
    if (filter != nullptr && (filter->hooks() & http::kResponseHeaders) != 0) {
      filter->onResponseHeaders(*this, stateAt(i), *response_);
    }
  }
  return true;
}

const buffer::Buffer* ProxyExchange::wholeRequestBody() {
  bool whole = requestEnded_ && pendingBody_.size() <= plan_->wholeRequestBody;
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

void ProxyExchange::onRequestError(int status, std::string_view) {
  if (state_ == State::kResponding || state_ == State::kDone) {
    dropUpstream();
    if (stream_ != nullptr && !responseEnded_) stream_->reset(http::StreamError::kProtocol);
    stream_ = nullptr;
    return end();
  }
  proxied_ = upstreamBegan_ != event::TimePoint{};
  dropUpstream();
  if (stream_ != nullptr) stream_->closeAfter();
  engineError(status);
}

/// The last byte of the response was given to the codec.
void ProxyExchange::finishResponse() {
  responseEnded_ = true;
  state_ = State::kDone;
  event::EventLoop::cancel(upstreamTimer_);
  stream_ = nullptr;
  end();
}

void ProxyExchange::end() {
  if (state_ == State::kFree) return;
  complete();
  if (upstream_ != nullptr) {
    upstream::UpstreamConnection* connection = upstream_;
    upstream_ = nullptr;
    if (upstreamPaused_) connection->connection().resumeReading();
    connection->release();
  }
  dropUpstream();
  HttpConnectionManager* manager = manager_;
  state_ = State::kFree;
  ++generation_;
  worker_.unpin(pinned_);
  worker_.recycle(*this);
  manager->onExchangeEnd();
}

void ProxyExchange::complete() {
  if (plan_ != nullptr && chosen_ != nullptr && (plan_->hooks & http::kComplete) != 0) {
    for (size_t i = 0; i < plan_->entries.size(); ++i) {
      if (chosen_[i] != nullptr && (chosen_[i]->hooks() & http::kComplete) != 0) {
        chosen_[i]->onComplete(*this, stateAt(i));
      }
    }
  }
  WorkerCounters::add(worker_.counters.requests, 1);
  if (worker_.accessLog == nullptr) return;
  http::AccessRecord record;
  record.unixMillis = worker_.loop.unixMillis();
  record.clientIp = clientIp_.empty() ? manager_->peerIp() : clientIp_;
  record.method = request_->method;
  record.target = request_->target;
  record.referer = request_->headers.get(http::HeaderCode::kReferer);
  record.userAgent = request_->headers.get(http::HeaderCode::kUserAgent);
  record.requestId = requestId();
  record.version = request_->version;
  record.status = response_->status;
  record.bodyBytes = responseBytes_;
  worker_.accessLog->write(record);
}

}  // namespace tollgate::proxy
