#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// Bodies and trailers on their way through the filters that have such hooks, and the back-pressure
/// that a pause of theirs needs. An exchange without such a filter never comes here.
namespace tollgate::proxy {

FilteredBodies& ProxyExchange::bodies() {
  if (bodies_ == nullptr) bodies_ = arena_.make<FilteredBodies>(worker_.slabs);
  return *bodies_;
}

/// The head has passed every filter: from now on the body does. False if a filter answered.
bool ProxyExchange::startRequestBodyFilters() {
  FilteredBodies::Side& side = bodies().request;
  side.active = true;
  side.input.moveFrom(pendingBody_);
  side.inputEnded = requestEnded_;
  requestEnded_ = false;
  if ((filters_.bodies & http::kChangesRequest) != 0) contentLength_ = -1;
  pumpRequestBody();
  return alive_ && !localReply_;
}

void ProxyExchange::filterRequestBody(buffer::Buffer& data, bool end, http::HeaderMap* trailers) {
  FilteredBodies::Side& side = bodies_->request;
  side.input.moveFrom(data);
  side.inputEnded = end;
  side.trailers = trailers;
  pumpRequestBody();
}

void ProxyExchange::pumpRequestBody() {
  bool ended = false;
  if (bodies_ == nullptr || !bodies_->request.active || localReply_) return;
  if (!runBodyFilters(http::Direction::kRequest, pendingBody_, ended)) return;
  FilteredBodies::Side& side = bodies_->request;
  if (ended && side.trailers == nullptr) requestEnded_ = true;
  deliverRequestBody();
  if (!alive_ || stream_ == nullptr) return;
  if (ended && side.trailers != nullptr) {
    runTrailerFilters(http::Direction::kRequest, *side.trailers);
    sendRequestTrailers(*side.trailers);
    return;
  }
  balanceClient();
}

void ProxyExchange::filterResponseBody(buffer::Buffer& data, bool end, http::HeaderMap* trailers) {
  FilteredBodies::Side& side = bodies_->response;
  if (localReply_) return data.clear();
  side.input.moveFrom(data);
  side.inputEnded = end;
  side.trailers = trailers;
  if (end) {
    releaseUpstream();
  } else if (pausedResponse_ == 0) {
    armUpstreamTimer(service_->readTimeout);
  }
  if (state_ == State::kHolding) {
    if (collectingResponse_ && responseCollected()) return continueResponse();
    return collectingResponse_ ? void() : balanceUpstream();
  }
  pumpResponseBody();
}

void ProxyExchange::pumpResponseBody() {
  if (state_ != State::kResponding || bodies_ == nullptr || !bodies_->response.active) return;
  bool ended = false;
  buffer::Buffer out(worker_.slabs);
  if (!runBodyFilters(http::Direction::kResponse, out, ended)) return;
  FilteredBodies::Side& side = bodies_->response;
  if (pausedResponse_ != 0) event::EventLoop::cancel(upstreamTimer_);
  info_.responseBytes += out.size();
  bool last = ended && side.trailers == nullptr;
  if (!out.empty() || last) stream_->sendBody(out, last);
  if (ended && !last) {
    runTrailerFilters(http::Direction::kResponse, *side.trailers);
    stream_->sendTrailers(*side.trailers);
  }
  touch();
  if (ended) return finishResponse();
  if (alive_) balanceUpstream();
}

/// Stops the origin while much is held or the client is slow, and lets it go on after that.
void ProxyExchange::balanceUpstream() {
  if (upstream_ == nullptr || stream_ == nullptr) return;
  FilteredBodies::Side& side = bodies_->response;
  bool congested = state_ == State::kResponding && stream_->congested();
  bool full = congested || side.bytes() > kHeldMark;
  if (congested) {  // the client is slow, not the origin
    event::EventLoop::cancel(upstreamTimer_);
    if (clientWait_ != ClientWait::kReading) awaitReader();
  } else if (clientWait_ == ClientWait::kReading) {
    stopAwaitingClient();
  }
  if (full == upstreamPaused_) return;
  upstreamPaused_ = full;
  if (full) {
    upstream_->connection().pauseReading();
  } else {
    upstream_->connection().resumeReading();
    armUpstreamTimer(service_->readTimeout);
  }
}

/// Gives what is there to the filters in turn and gathers in `out` what has passed all of them;
/// stops at a pause. `ended`: the end has passed, too. False if a filter ended or answered the
/// exchange: nothing of it may be touched then.
bool ProxyExchange::runBodyFilters(http::Direction direction, buffer::Buffer& out, bool& ended) {
  bool request = direction == http::Direction::kRequest;
  FilteredBodies::Side& side = request ? bodies_->request : bodies_->response;
  uint32_t& paused = request ? pausedRequest_ : pausedResponse_;
  uint8_t hook = request ? http::kRequestBody : http::kResponseBody;
  bool local = localReply_;
  while (paused == 0) {
    buffer::Buffer data(worker_.slabs);
    bool resumed = side.holds;
    if (!resumed && side.input.empty() && (!side.inputEnded || side.endTaken)) return true;
    data.moveFrom(resumed ? side.held : side.input);
    bool end = resumed ? side.heldEnd : side.inputEnded;
    if (!resumed) side.endTaken = end;
    side.holds = false;
    for (size_t i = resumed ? side.next : 0; i < filters_.count; ++i) {
      const FilterChain::Step& step = request ? filters_.steps[i] : filters_.inResponseOrder(i);
      if ((step.hooks & hook) == 0) continue;
      filters_.current = step.entry;
      http::Action action = request ? step.filter->onRequestBody(*this, step.state, data, end)
                                    : step.filter->onResponseBody(*this, step.state, data, end);
      if (!alive_ || local != localReply_) return false;
      if (action == http::Action::kContinue) continue;
      side.held.moveFrom(data);
      side.heldEnd = end;
      side.next = static_cast<uint16_t>(i + 1);
      side.holds = true;
      paused = turn_++;
      return true;
    }
    out.moveFrom(data);
    ended = end;
    if (ended) return true;
  }
  return true;
}

void ProxyExchange::runTrailerFilters(http::Direction direction, http::HeaderMap& trailers) {
  if ((filters_.hooks & http::kTrailers) == 0) return;
  bool request = direction == http::Direction::kRequest;
  for (size_t i = 0; i < filters_.count; ++i) {
    const FilterChain::Step& step = request ? filters_.steps[i] : filters_.inResponseOrder(i);
    if ((step.hooks & http::kTrailers) == 0) continue;
    step.filter->onTrailers(*this, step.state, direction, trailers);
  }
}

/// The origin has said everything; its connection need not wait for our filters.
void ProxyExchange::releaseUpstream() {
  event::EventLoop::cancel(upstreamTimer_);
  if (upstream_ == nullptr) return;
  upstream::UpstreamConnection* connection = upstream_;
  upstream_ = nullptr;
  if (upstreamPaused_) connection->connection().resumeReading();
  upstreamPaused_ = false;
  stopAwaitingClient();
  connection->release();
}

}  // namespace tollgate::proxy
