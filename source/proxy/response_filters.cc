#include "source/proxy/exchange.h"
#include "source/proxy/http_connection_manager.h"

/// The response hooks of an exchange's filters, for the origin's response and for local replies:
/// walked once, held back by a pause or until the whole body is there, then sent.
namespace tollgate::proxy {

/// The origin's response head. False if it does not go out now, or in the simple way.
bool ProxyExchange::filterResponse(bool end) {
  state_ = State::kHolding;
  headEnd_ = end;
  filters_.chooseRest(info_.consumer);
  bool bodyHooks = (filters_.hooks & http::kResponseBody) != 0 && response_->status != 101;
  bool walked = walkResponseHeaders();
  if (!alive_) return false;
  if (walked && !localReply_ && !(bodyHooks && !end)) return true;
  FilteredBodies& held = bodies();
  if (!localReply_) held.response.active = true;
  if (walked) {
    commitResponse();
  } else if (end) {
    held.response.inputEnded = true;
    if (!localReply_) releaseUpstream();
  }
  return false;
}

/// A local reply, whose head is in response(): before any response, or in place of the origin's.
void ProxyExchange::filterReply(std::string_view body) {
  FilteredBodies::Side& side = bodies().response;
  side.input.clear();
  side.held.clear();
  side.trailers = nullptr;
  side.holds = side.endTaken = false;
  side.active = side.inputEnded = true;
  pausedResponse_ = 0;
  collectingResponse_ = false;
  headEnd_ = request_->method == "HEAD" || body.empty();
  if (!headEnd_) side.input.append(body);
  bool held = state_ == State::kHolding;
  state_ = State::kHolding;
  filters_.chooseRest(info_.consumer);
  if (walking_) return;  // the walk goes on with the filters after the one that answered
  if (held) return continueResponse();
  if (walkResponseHeaders()) commitResponse();
}

/// Runs response-header hooks from where the walk stands; false if one paused or the whole body is
/// awaited, or if the exchange is over.
bool ProxyExchange::walkResponseHeaders() {
  while (filters_.told < filters_.count) {
    const FilterChain::Step& step = filters_.inResponseOrder(filters_.told);
    if (step.mayNeed(http::kWholeResponse) && !collectResponse(step)) return false;
    ++filters_.told;
    if ((step.hooks & http::kResponseHeaders) == 0) continue;
    bool local = localReply_;
    walking_ = true;
    filters_.current = step.entry;
    http::Action action = step.filter->onResponseHeaders(*this, step.state, *response_);
    if (!alive_) return false;
    walking_ = false;
    if (action == http::Action::kPause && local == localReply_) {
      pausedResponse_ = turn_++;
      event::EventLoop::cancel(upstreamTimer_);  // it is not the origin that is waited for
      return false;
    }
  }
  return true;
}

/// False until the body that the step's filter wants to see is there, or too large.
bool ProxyExchange::collectResponse(const FilterChain::Step& step) {
  if (headEnd_ || response_->status == 101 ||
      step.filter->responseBodyNeed() != http::BodyNeed::kWhole) {
    return true;
  }
  bodies();
  responseLimit_ = step.filter->responseBodyLimit();
  if (responseCollected() || !step.filter->wantsResponseBody(*this, *response_)) return true;
  bodies_->response.active = collectingResponse_ = true;
  armUpstreamTimer(service_->readTimeout);
  return false;
}

bool ProxyExchange::responseCollected() const {
  const FilteredBodies::Side& side = bodies_->response;
  return side.inputEnded || side.input.size() > responseLimit_;
}

/// The pause is over, or the body is there.
void ProxyExchange::continueResponse() {
  collectingResponse_ = false;
  if (walkResponseHeaders() && alive_) commitResponse();
}

/// Every filter has seen the head: it goes out, and what is there of the body after it.
void ProxyExchange::commitResponse() {
  FilteredBodies::Side& side = bodies().response;
  if (!headEnd_ && (filters_.bodies & http::kChangesResponse) != 0 && response_->status != 101) {
    response_->headers.remove(http::HeaderCode::kContentLength);
  }
  sendHead(headEnd_);
  if (response_->status == 101) startTunnel();
  if (headEnd_) return finishResponse();
  if (tunnel_) {  // bytes that came with the head while it was held
    buffer::Buffer early(worker_.slabs);
    early.moveFrom(side.input);
    return onResponseBody(early, side.inputEnded);
  }
  if (!side.inputEnded) armUpstreamTimer(service_->readTimeout);
  pumpResponseBody();
}

const buffer::Buffer* ProxyExchange::wholeResponseBody() {
  if (!walking_ || bodies_ == nullptr || headEnd_) return nullptr;
  const http::HttpFilter& asking = *filters_.inResponseOrder(filters_.told - 1).filter;
  FilteredBodies::Side& side = bodies_->response;
  const bool whole = side.inputEnded && asking.responseBodyNeed() == http::BodyNeed::kWhole &&
                     side.input.size() <= asking.responseBodyLimit();
  return whole ? &side.input : nullptr;
}

void ProxyExchange::replaceResponseBody(std::string_view body) {
  if (wholeResponseBody() == nullptr) return;
  FilteredBodies::Side& side = bodies_->response;
  side.input.clear();
  side.input.append(body);
  response_->headers.setNumber(http::HeaderCode::kContentLength, static_cast<int64_t>(body.size()));
}

}  // namespace tollgate::proxy
