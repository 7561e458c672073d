#pragma once

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/header_map.h"
#include "source/proxy/body_walk.h"
#include "source/proxy/filter_chain.h"

namespace tollgate::proxy {

class ProxyExchange;

/// Takes an exchange through its filters, the request one way and the response the other, and keeps
/// their pauses: what a filter has paused, or whose whole body is not there yet, is held here.
/// Bodies and back-pressure are with `bodies()`.
class FilterWalk {
 public:
  explicit FilterWalk(ProxyExchange& exchange) : exchange_(exchange), bodies_(exchange, *this) {}
  void reset() {
    bodies_.reset();
    state_ = {};
  }

  BodyWalk& bodies() { return bodies_; }
  const BodyWalk& bodies() const { return bodies_; }
  /// Some filter is told of the exchange when it is over.
  bool logs() const { return (state_.chain.hooks & http::kLog) != 0; }

  // The request.
  /// Both may be nullptr.
  void start(const ListenerFilters* listener, const http::FilterPlan* plan);
  /// The listener's filters first, whatever the route; then what the route itself demands, its
  /// plugins, and the listener's filters that stand after them.
  void continueRequest();
  /// More of the body is there, that a filter may wait for.
  bool collectsRequest() const { return state_.collectingRequest; }
  void requestCollected();
  /// The head of an attempt as filters make it; nullptr if one of them has answered.
  const http::HeaderMap* attemptHeaders();
  /// The exchange is answered: what has paused the request does not count any more.
  void abandonRequest() { state_.pausedRequest = 0; }

  // The response.
  bool holdsResponses() const { return state_.chain.holdsResponses(); }
  /// The origin's response head. False if it does not go out now, or in the simple way.
  bool response(bool end);
  /// A local reply, whose head stands in the exchange: before any response, or in place of the
  /// origin's.
  void reply(std::string_view body);

  /// A pause is over.
  void resume(uint32_t turn);
  /// The exchange is over: its filters may log it. `listener` and `global`: whose those are that
  /// are told of a request which was refused before its way through the filters began.
  void finish(const ListenerFilters* listener, const http::FilterPlan* global);
  /// The name of the filter that was called last; "" before.
  std::string_view current() const;

  // For the filter whose turn it is.
  const buffer::Buffer* wholeRequest();
  const buffer::Buffer* wholeResponse();
  void replaceResponse(std::string_view body);

 private:
  friend class BodyWalk;
  struct State {
    FilterChain chain;
    http::HeaderMap* attemptHeaders = nullptr;  ///< As filters have made them for this attempt.
    size_t requestLimit = 0;                    ///< Of the filter that awaits the whole body.
    size_t responseLimit = 0;                   ///< Likewise of the response.
    uint32_t pausedRequest = 0;                 ///< The pause of that direction under way; 0: none.
    uint32_t pausedResponse = 0;                ///< Likewise.
    bool started = false;                       ///< The filters are known.
    bool admitted = false;           ///< The listener's filters let it through to the plugins.
    bool collectingRequest = false;  ///< The whole request body is awaited before a filter runs.
    bool collectingResponse = false;
    bool walkingResponse = false;  ///< Response-header hooks run now.
    bool headEnd = false;          ///< The response that is held has no body.
  };

  bool walkRequest(size_t until);
  bool collectRequest(const FilterChain::Step& step);
  static bool maySee(http::BodyPolicy policy, const buffer::Buffer& body, bool ended);
  bool bodyComplete() const;
  bool walkResponse();
  bool collectResponse(const FilterChain::Step& step);
  bool responseCollected() const;
  void continueResponse();
  void commitResponse();
  void originEnded();

  ProxyExchange& exchange_;
  State state_;
  BodyWalk bodies_;
};

}  // namespace tollgate::proxy
