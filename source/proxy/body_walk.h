#pragma once

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/filter.h"
#include "source/http/header_map.h"

namespace tollgate::proxy {

class FilterWalk;
class ProxyExchange;

/// Bodies and trailers on their way through the filters that have such hooks, and all back-pressure
/// of the exchange, filters or not: what is held of a body, by whomever, counts against one mark,
/// and above it its source is stopped.
class BodyWalk {
 public:
  BodyWalk(ProxyExchange& exchange, FilterWalk& walk) : exchange_(exchange), walk_(walk) {}
  ~BodyWalk() { reset(); }
  void reset();

  /// Bytes of a body that are held before their source is stopped; what goes on within a call of
  /// the codec comes on top.
  static constexpr size_t kHeldMark = 256 * 1024;

  // Filters.
  bool takesRequest() const { return state_.sides != nullptr && state_.sides->request.active; }
  bool takesResponse() const { return state_.sides != nullptr && state_.sides->response.active; }
  /// The head has passed every filter: from now on the body does. False if a filter answered.
  bool startRequest();
  /// More of the body. `end`: the last of it, but for `trailers`.
  void request(buffer::Buffer& data, bool end, http::HeaderMap* trailers);
  void response(buffer::Buffer& data, bool end, http::HeaderMap* trailers);
  /// What waits goes on, unless a filter has paused it.
  void pumpRequest();
  void pumpResponse();
  /// From now on bytes pass as they come.
  void stop();

  // Back-pressure.
  /// Stops the client's body while much of it is held on its way to the origin, and lets it go on
  /// after that.
  void balanceClient();
  /// Stops the origin while much is held or the client is slow, and lets it go on after that.
  void balanceOrigin();
  /// It has said everything.
  void originEnded() { state_.originStopped = false; }
  bool clientStopped() const { return state_.clientStopped; }
  bool originStopped() const { return state_.originStopped; }
  /// Bytes of the request's body that filters have in hand.
  size_t heldRequest() const { return state_.sides == nullptr ? 0 : state_.sides->request.bytes(); }

 private:
  friend class FilterWalk;

  /// What filters have in hand of one body.
  struct Side {
    explicit Side(buffer::SlabPool& slabs) : input(slabs), held(slabs) {}
    size_t bytes() const { return input.size() + held.size(); }
    buffer::Buffer input;  ///< No filter has seen it yet.
    buffer::Buffer held;   ///< What the filter that paused left, for those after it.
    http::HeaderMap* trailers = nullptr;
    uint16_t next = 0;        ///< The step that `held` is for.
    bool active = false;      ///< Bytes of this direction come here first.
    bool inputEnded = false;  ///< Nothing follows `input` but the trailers.
    bool endTaken = false;    ///< The filters were told of the end.
    bool holds = false;       ///< `held` (maybe empty) waits.
    bool heldEnd = false;     ///< It is the end.
  };
  struct Sides {
    explicit Sides(buffer::SlabPool& slabs) : request(slabs), response(slabs) {}
    Side request, response;
  };
  struct State {
    Sides* sides = nullptr;      ///< In the arena, made when first needed; reset() destroys it.
    bool clientStopped = false;  ///< It sends no more of its body for now.
    bool originStopped = false;  ///< It sends no more of its body for now.
  };

  Sides& sides();
  bool walk(http::Direction direction, buffer::Buffer& out, bool& ended);
  http::HeaderMap* lastTrailers(http::Direction direction);

  ProxyExchange& exchange_;
  FilterWalk& walk_;
  State state_;
};

}  // namespace tollgate::proxy
