#include "source/proxy/body_walk.h"

#include "source/proxy/exchange.h"

namespace tollgate::proxy {

using http::Direction;

void BodyWalk::reset() {
  if (state_.sides != nullptr) state_.sides->~Sides();
  state_ = {};
}

BodyWalk::Sides& BodyWalk::sides() {
  if (state_.sides == nullptr) {
    state_.sides = exchange_.arena_.make<Sides>(exchange_.worker_.slabs);
  }
  return *state_.sides;
}

// ---- Filters -----------------------------------------------------------------------------------

bool BodyWalk::startRequest() {
  const FilterChain& chain = walk_.state_.chain;
  if ((chain.hooks & FilterChain::kRequestBodyHooks) == 0) return true;
  auto& state = exchange_.state_;
  Side& side = sides().request;
  side.active = true;
  side.input.moveFrom(exchange_.forwarder_.pendingBody());
  side.inputEnded = state.requestEnded;
  side.trailers = exchange_.forwarder_.trailers();
  exchange_.forwarder_.setTrailers(nullptr);
  state.requestEnded = false;
  if ((chain.bodies & http::kChangesRequest) != 0) exchange_.forwarder_.forgetLength();
  pumpRequest();
  return exchange_.alive_ && !state.localReply;
}

void BodyWalk::request(buffer::Buffer& data, bool end, http::HeaderMap* trailers) {
  Side& side = state_.sides->request;
  side.input.moveFrom(data);
  side.inputEnded = end;
  side.trailers = trailers;
  pumpRequest();
}

void BodyWalk::pumpRequest() {
  auto& state = exchange_.state_;
  if (!takesRequest() || state.localReply) return;
  bool ended = false;
  if (!walk(Direction::kRequest, exchange_.forwarder_.pendingBody(), ended)) return;
  if (ended) {
    exchange_.forwarder_.setTrailers(lastTrailers(Direction::kRequest));
    state.requestEnded = true;
  }
  exchange_.forwarder_.deliver();
  if (!exchange_.alive_ || state.stream == nullptr) return;
  balanceClient();
}

void BodyWalk::response(buffer::Buffer& data, bool end, http::HeaderMap* trailers) {
  if (exchange_.state_.localReply) return data.clear();
  Side& side = state_.sides->response;
  side.input.moveFrom(data);
  side.inputEnded = end;
  side.trailers = trailers;
  if (end) {
    walk_.originEnded();
  } else if (walk_.state_.pausedResponse == 0) {
    exchange_.forwarder_.watch().awaitResponse();
  }
  if (exchange_.state_.phase != Phase::kHolding) return pumpResponse();
  if (!walk_.state_.collectingResponse) return balanceOrigin();
  if (walk_.responseCollected()) walk_.continueResponse();
}

void BodyWalk::pumpResponse() {
  auto& state = exchange_.state_;
  if (state.phase != Phase::kResponding || !takesResponse()) return;
  bool ended = false;
  buffer::Buffer out(exchange_.worker_.slabs);
  if (!walk(Direction::kResponse, out, ended)) return;
  if (walk_.state_.pausedResponse != 0) exchange_.forwarder_.watch().stop();
  exchange_.info_.responseBytes += out.size();
  http::HeaderMap* trailers = ended ? lastTrailers(Direction::kResponse) : nullptr;
  const bool last = ended && trailers == nullptr;
  if (!out.empty() || last) state.stream->sendBody(out, last);
  if (trailers != nullptr) state.stream->sendTrailers(*trailers);
  exchange_.touch();
  if (ended) return exchange_.finishResponse();
  balanceOrigin();
}

/// Gives what is there to the filters in turn and gathers in `out` what has passed all of them;
/// stops at a pause. `ended`: the end has passed, too. False if a filter has answered the exchange.
bool BodyWalk::walk(Direction direction, buffer::Buffer& out, bool& ended) {
  const bool request = direction == Direction::kRequest;
  FilterChain& chain = walk_.state_.chain;
  Side& side = request ? state_.sides->request : state_.sides->response;
  uint32_t& paused = request ? walk_.state_.pausedRequest : walk_.state_.pausedResponse;
  const uint8_t hook = request ? http::kRequestBody : http::kResponseBody;
  const bool local = exchange_.state_.localReply;
  while (paused == 0) {
    buffer::Buffer data(exchange_.worker_.slabs);
    const bool resumed = side.holds;
    if (!resumed && side.input.empty() && (!side.inputEnded || side.endTaken)) return true;
    data.moveFrom(resumed ? side.held : side.input);
    const bool end = resumed ? side.heldEnd : side.inputEnded;
    if (!resumed) side.endTaken = end;
    side.holds = false;
    for (size_t i = resumed ? side.next : 0; i < chain.count; ++i) {
      FilterChain::Step& step = request ? chain.steps[i] : chain.inResponseOrder(i);
      if ((step.hooks & hook) == 0) continue;
      chain.current = step.entry;
      const http::Action action =
          request ? step.filter->onRequestBody(exchange_, step.state, data, end)
                  : step.filter->onResponseBody(exchange_, step.state, data, end);
      if (!exchange_.alive_ || local != exchange_.state_.localReply) return false;
      if (action == http::Action::kContinue) continue;
      side.held.moveFrom(data);
      side.heldEnd = end;
      side.next = static_cast<uint16_t>(i + 1);
      side.holds = true;
      paused = exchange_.turn_++;
      return true;
    }
    out.moveFrom(data);
    ended = end;
    if (ended) return true;
  }
  return true;
}

/// What the filters make of the trailers, those that came or none; nullptr for none.
http::HeaderMap* BodyWalk::lastTrailers(Direction direction) {
  const bool request = direction == Direction::kRequest;
  FilterChain& chain = walk_.state_.chain;
  http::HeaderMap* trailers = (request ? state_.sides->request : state_.sides->response).trailers;
  if ((chain.hooks & http::kTrailers) == 0) return trailers;
  if (trailers == nullptr) {
    trailers = exchange_.arena_.make<http::HeaderMap>(exchange_.arena_);
  }
  for (size_t i = 0; i < chain.count; ++i) {
    FilterChain::Step& step = request ? chain.steps[i] : chain.inResponseOrder(i);
    if ((step.hooks & http::kTrailers) == 0) continue;
    chain.current = step.entry;
    step.filter->onTrailers(exchange_, step.state, direction, *trailers);
  }
  return trailers->size() == 0 ? nullptr : trailers;
}

void BodyWalk::stop() {
  if (state_.sides != nullptr) state_.sides->request.active = state_.sides->response.active = false;
}

// ---- Back-pressure -----------------------------------------------------------------------------

void BodyWalk::balanceClient() {
  const auto& state = exchange_.state_;
  if (state.stream == nullptr || state.bodyEnded) return;
  Forwarder& forwarder = exchange_.forwarder_;
  const http::ClientStream* origin = forwarder.stream();
  const bool full = !walk_.collectsRequest() &&
                    (forwarder.pendingBody().size() > kHeldMark || heldRequest() > kHeldMark ||
                     (origin != nullptr && origin->congested()));
  if (full == state_.clientStopped) return;
  state_.clientStopped = full;
  state.stream->pauseBody(full);
  if (full) return exchange_.client_.stopAwaitingBody();
  exchange_.client_.awaitBody();
  exchange_.touch();
}

void BodyWalk::balanceOrigin() {
  http::ClientStream* origin = exchange_.forwarder_.stream();
  http::ServerStream* stream = exchange_.state_.stream;
  if (origin == nullptr || stream == nullptr) return;
  const bool congested = exchange_.state_.phase == Phase::kResponding && stream->congested();
  const size_t held = state_.sides == nullptr ? 0 : state_.sides->response.bytes();
  const bool full = congested || (held > kHeldMark && !walk_.state_.collectingResponse);
  if (congested) {  // the client is slow, not the origin
    exchange_.forwarder_.watch().stop();
    if (!exchange_.client_.awaitsReader()) exchange_.client_.awaitReader();
  } else {
    exchange_.client_.stopAwaitingReader();
  }
  if (full == state_.originStopped) return;
  state_.originStopped = full;
  origin->pauseBody(full);
  if (full) return;
  exchange_.forwarder_.watch().awaitResponse();
}

}  // namespace tollgate::proxy
