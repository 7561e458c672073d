#include "source/proxy/filter_walk.h"

#include "source/http/error_body.h"
#include "source/proxy/exchange.h"

namespace tollgate::proxy {

void FilterWalk::start(const ListenerFilters* listener, const http::FilterPlan* plan) {
  state_.started = true;
  state_.chain.build(exchange_.arena_, listener, plan);
  continueRequest();
}

std::string_view FilterWalk::current() const {
  const http::PlanEntry* entry = state_.chain.current;
  return entry != nullptr ? std::string_view(entry->name) : std::string_view();
}

void FilterWalk::resume(uint32_t turn) {
  if (turn == 0) return;
  if (turn == state_.pausedRequest) {
    state_.pausedRequest = 0;
    exchange_.state_.phase == Phase::kFiltering ? continueRequest() : bodies_.pumpRequest();
  } else if (turn == state_.pausedResponse) {
    state_.pausedResponse = 0;
    exchange_.state_.phase == Phase::kHolding ? continueResponse() : bodies_.pumpResponse();
  }
}

void FilterWalk::finish(const ListenerFilters* listener, const http::FilterPlan* global) {
  FilterChain& chain = state_.chain;
  if (!state_.started) chain.build(exchange_.arena_, listener, global);
  if ((chain.hooks & http::kLog) != 0) {
    exchange_.tellTls();
    chain.chooseRest(exchange_.consumer());  // of a refused request some never had their turn
    for (size_t i = 0; i < chain.count; ++i) {
      FilterChain::Step& step = chain.steps[i];
      if ((step.hooks & http::kLog) != 0) step.filter->onLog(exchange_, step.state);
    }
  }
  chain.destroyStates();
}

// ---- The request -------------------------------------------------------------------------------

void FilterWalk::continueRequest() {
  FilterChain& chain = state_.chain;
  if (!state_.admitted) {
    if (chain.before > 0 && !walkRequest(chain.before)) return;
    state_.admitted = true;
    if (exchange_.state_.route == nullptr) {
      chain.passPlugins();
    } else if (!exchange_.responder_.protocolAllowed()) {
      return exchange_.responder_.enforceProtocol();
    }
  }
  if (chain.count > 0 && !walkRequest(chain.count)) return;
  exchange_.filtersPassed();
}

/// Runs request-header hooks up to that step; false if one paused, answered or waits for the body.
bool FilterWalk::walkRequest(size_t until) {
  FilterChain& chain = state_.chain;
  while (chain.asked < until) {
    FilterChain::Step& step = chain.steps[chain.asked];
    step.choose(exchange_.consumer());
    if (step.mayNeed(http::kWholeRequest) && !collectRequest(step)) return false;
    ++chain.asked;
    if ((step.hooks & http::kRequestHeaders) == 0) continue;
    chain.current = step.entry;
    const http::Action action = step.filter->onRequestHeaders(exchange_, step.state);
    if (exchange_.state_.phase != Phase::kFiltering) return false;  // it answered
    if (action == http::Action::kPause) {
      state_.pausedRequest = exchange_.turn_++;
      return false;
    }
  }
  return true;
}

bool FilterWalk::bodyComplete() const {
  return exchange_.state_.requestEnded ||
         exchange_.forwarder_.pendingBody().size() > state_.requestLimit;
}

/// Where the filter wants to see the whole body: true if it is there, or larger than it takes and
/// the filter runs all the same. Else its turn comes when that is so, or the request is refused.
bool FilterWalk::collectRequest(const FilterChain::Step& step) {
  const http::BodyPolicy policy = step.filter->requestBodyPolicy();
  if (!policy.whole()) return true;
  state_.requestLimit = policy.limit;
  if (!exchange_.state_.hasBody) return true;
  if (bodyComplete()) {
    const bool fits = exchange_.forwarder_.pendingBody().size() <= policy.limit;
    if (fits || policy.above != http::BodyPolicy::Above::kRefuse) return true;
    state_.chain.current = step.entry;
    exchange_.replyError(413, http::defaultMessage(413));
    return false;
  }
  state_.collectingRequest = true;
  exchange_.sendContinue();
  bodies_.balanceClient();
  exchange_.client_.awaitBody();
  return false;
}

void FilterWalk::requestCollected() {
  if (!bodyComplete()) return;
  state_.collectingRequest = false;
  exchange_.client_.stopAwaitingBody();  // filters come first
  continueRequest();
  exchange_.touch();
}

const http::HeaderMap* FilterWalk::attemptHeaders() {
  FilterChain& chain = state_.chain;
  const http::HeaderMap& common = exchange_.request_->headers;
  if ((chain.hooks & http::kUpstreamRequest) == 0) return &common;
  Arena& arena = exchange_.arena_;
  if (state_.attemptHeaders == nullptr) state_.attemptHeaders = arena.make<http::HeaderMap>(arena);
  http::HeaderMap& headers = *state_.attemptHeaders;
  headers.assign(common);
  for (size_t i = 0; i < chain.count; ++i) {
    FilterChain::Step& step = chain.steps[i];
    if ((step.hooks & http::kUpstreamRequest) == 0) continue;
    chain.current = step.entry;
    step.filter->onUpstreamRequest(exchange_, step.state, headers);
    if (!exchange_.alive_ || exchange_.state_.localReply) return nullptr;
  }
  return &headers;
}

const buffer::Buffer* FilterWalk::wholeRequest() {
  const FilterChain& chain = state_.chain;
  const auto& state = exchange_.state_;
  if (state.phase != Phase::kFiltering || chain.asked == 0) return nullptr;
  const http::HttpFilter* asking = chain.steps[chain.asked - 1].filter;
  if (asking == nullptr) return nullptr;
  const buffer::Buffer& body = exchange_.forwarder_.pendingBody();
  return maySee(asking->requestBodyPolicy(), body, state.requestEnded) ? &body : nullptr;
}

/// Whether a filter of that policy sees what there is of a body.
bool FilterWalk::maySee(http::BodyPolicy policy, const buffer::Buffer& body, bool ended) {
  if (!policy.whole()) return false;
  if (body.size() > policy.limit) return policy.above == http::BodyPolicy::Above::kPart;
  return ended;
}

// ---- The response ------------------------------------------------------------------------------

bool FilterWalk::response(bool end) {
  const auto& state = exchange_.state_;
  exchange_.state_.phase = Phase::kHolding;
  state_.headEnd = end;
  state_.chain.chooseRest(exchange_.consumer());
  const bool bodyHooks = (state_.chain.hooks & FilterChain::kResponseBodyHooks) != 0 &&
                         exchange_.response_->status != 101;
  const bool walked = walkResponse();
  if (!exchange_.alive_) return false;
  if (walked && !state.localReply && !(bodyHooks && !end)) return true;
  BodyWalk::Side& side = bodies_.sides().response;
  if (!state.localReply) side.active = true;
  if (walked) {
    commitResponse();
  } else if (end) {
    side.inputEnded = true;
    if (!state.localReply) originEnded();
  }
  return false;
}

void FilterWalk::reply(std::string_view body) {
  BodyWalk::Side& side = bodies_.sides().response;
  side.input.clear();
  side.held.clear();
  side.trailers = nullptr;
  side.holds = side.endTaken = false;
  side.active = side.inputEnded = true;
  state_.pausedResponse = 0;
  state_.collectingResponse = false;
  state_.headEnd = exchange_.request_->method == "HEAD" || body.empty();
  if (!state_.headEnd) side.input.append(body);
  const bool held = exchange_.state_.phase == Phase::kHolding;
  exchange_.state_.phase = Phase::kHolding;
  state_.chain.chooseRest(exchange_.consumer());
  if (state_.walkingResponse)
    return;  // the walk goes on with the filters after the one that answered
  if (held) return continueResponse();
  if (walkResponse()) commitResponse();
}

/// Runs response-header hooks from where the walk stands; false if one paused or the whole body is
/// awaited, or if the exchange is over.
bool FilterWalk::walkResponse() {
  FilterChain& chain = state_.chain;
  while (chain.told < chain.count) {
    FilterChain::Step& step = chain.inResponseOrder(chain.told);
    if (step.mayNeed(http::kWholeResponse) && !collectResponse(step)) return false;
    ++chain.told;
    if ((step.hooks & http::kResponseHeaders) == 0) continue;
    const bool local = exchange_.state_.localReply;
    state_.walkingResponse = true;
    chain.current = step.entry;
    const http::Action action =
        step.filter->onResponseHeaders(exchange_, step.state, *exchange_.response_);
    state_.walkingResponse = false;
    if (!exchange_.alive_) return false;
    if (action == http::Action::kPause && local == exchange_.state_.localReply) {
      state_.pausedResponse = exchange_.turn_++;
      exchange_.forwarder_.watch().stop();  // it is not the origin that is waited for
      return false;
    }
  }
  return true;
}

/// False until the body that the step's filter wants to see is there, or too large; and where it is
/// too large to be let through.
bool FilterWalk::collectResponse(const FilterChain::Step& step) {
  if (state_.headEnd || exchange_.response_->status == 101) return true;
  const http::BodyPolicy policy = step.filter->responseBodyPolicy();
  if (!policy.whole()) return true;
  BodyWalk::Side& side = bodies_.sides().response;
  state_.responseLimit = policy.limit;
  if (!step.filter->wantsResponseBody(exchange_, *exchange_.response_)) return true;
  if (responseCollected()) {
    const bool refused = side.input.size() > policy.limit && !exchange_.state_.localReply &&
                         policy.above == http::BodyPolicy::Above::kRefuse;
    if (!refused) return true;
    state_.chain.current = step.entry;
    exchange_.replyError(502, "The response of the upstream server is too large");
    return false;
  }
  side.active = state_.collectingResponse = true;
  bodies_.balanceOrigin();  // a pause before may have stopped it
  exchange_.forwarder_.watch().awaitResponse();
  return false;
}

bool FilterWalk::responseCollected() const {
  const BodyWalk::Side& side = bodies_.state_.sides->response;
  return side.inputEnded || side.input.size() > state_.responseLimit;
}

/// The pause is over, or the body is there.
void FilterWalk::continueResponse() {
  state_.collectingResponse = false;
  if (walkResponse()) commitResponse();
}

/// Every filter has seen the head: it goes out, and what is there of the body after it.
void FilterWalk::commitResponse() {
  BodyWalk::Side& side = bodies_.sides().response;
  http::ResponseHead& head = *exchange_.response_;
  const bool switching = head.status == 101;
  if (!state_.headEnd && (state_.chain.bodies & http::kChangesResponse) != 0 && !switching) {
    head.headers.remove(http::HeaderCode::kContentLength);
  }
  exchange_.responder_.sendHead(state_.headEnd);
  if (switching) exchange_.startTunnel();
  if (state_.headEnd) return exchange_.finishResponse();
  if (switching) {  // bytes that came with the head while it was held
    buffer::Buffer early(exchange_.worker_.slabs);
    early.moveFrom(side.input);
    return exchange_.forwarder_.response().onResponseBody(early, side.inputEnded);
  }
  if (!side.inputEnded) exchange_.forwarder_.watch().awaitResponse();
  bodies_.pumpResponse();
}

/// The origin has said everything: the client is not waited for any more.
void FilterWalk::originEnded() { exchange_.client_.stop(); }

const buffer::Buffer* FilterWalk::wholeResponse() {
  if (!state_.walkingResponse || bodies_.state_.sides == nullptr || state_.headEnd) return nullptr;
  const http::HttpFilter& asking = *state_.chain.inResponseOrder(state_.chain.told - 1).filter;
  const BodyWalk::Side& side = bodies_.state_.sides->response;
  return maySee(asking.responseBodyPolicy(), side.input, side.inputEnded) ? &side.input : nullptr;
}

void FilterWalk::replaceResponse(std::string_view body) {
  if (wholeResponse() == nullptr || !bodies_.state_.sides->response.inputEnded) return;
  BodyWalk::Side& side = bodies_.state_.sides->response;
  side.input.clear();
  side.input.append(body);
  exchange_.response_->headers.setNumber(http::HeaderCode::kContentLength,
                                         static_cast<int64_t>(body.size()));
}

}  // namespace tollgate::proxy
