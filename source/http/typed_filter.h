#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "source/http/filter.h"

namespace tollgate::http {

/// Of a filter that keeps nothing for an exchange.
struct NoState {};

/// The base of every HTTP filter. `ConfigT` is the message of its configuration, `StateT` what it
/// keeps for one exchange: made when a hook first runs, destroyed with the exchange.
///
///     class Greeter final : public http::Filter<Config> {
///      public:
///       explicit Greeter(const Config& config) : text_(config.text()) {}
///       http::Action onResponse(http::Exchange&, State&, http::ResponseHead& head) const {
///         head.headers.set("X-Greeting", text_);
///         return http::Action::kContinue;
///       }
///       …
///
/// A filter defines the hooks that it wants under these names. The others are never walked: which
/// ones there are is found out when it is compiled. HttpFilter says when each of them is called.
template <typename ConfigT, typename StateT = NoState>
class Filter {
 public:
  using Config = ConfigT;
  using State = StateT;
  using Base = Filter;

  Action onRequest(Exchange&, State&) const { return Action::kContinue; }
  Action onRequestBody(Exchange&, State&, buffer::Buffer&, bool) const { return Action::kContinue; }
  void onUpstreamRequest(Exchange&, State&, HeaderMap&) const {}
  Action onResponse(Exchange&, State&, ResponseHead&) const { return Action::kContinue; }
  Action onResponseBody(Exchange&, State&, buffer::Buffer&, bool) const {
    return Action::kContinue;
  }
  void onTrailers(Exchange&, State&, Direction, HeaderMap&) const {}
  void onLog(Exchange&, State&) const {}

  BodyPolicy requestBody() const { return {}; }
  BodyPolicy responseBody() const { return {}; }
  bool wantsResponseBody(Exchange&, const ResponseHead&) const { return true; }
  bool changesBody() const { return true; }
  Status reload() const { return {}; }
};

/// The hooks that a filter class defines itself.
template <typename F>
constexpr uint8_t hooksOf() {
  using Base = typename F::Base;
  uint8_t hooks = 0;
  if (!std::is_same_v<decltype(&F::onRequest), decltype(&Base::onRequest)>)
    hooks |= kRequestHeaders;
  if (!std::is_same_v<decltype(&F::onRequestBody), decltype(&Base::onRequestBody)>) {
    hooks |= kRequestBody;
  }
  if (!std::is_same_v<decltype(&F::onUpstreamRequest), decltype(&Base::onUpstreamRequest)>) {
    hooks |= kUpstreamRequest;
  }
  if (!std::is_same_v<decltype(&F::onResponse), decltype(&Base::onResponse)>) {
    hooks |= kResponseHeaders;
  }
  if (!std::is_same_v<decltype(&F::onResponseBody), decltype(&Base::onResponseBody)>) {
    hooks |= kResponseBody;
  }
  if (!std::is_same_v<decltype(&F::onTrailers), decltype(&Base::onTrailers)>) hooks |= kTrailers;
  if (!std::is_same_v<decltype(&F::onLog), decltype(&Base::onLog)>) hooks |= kLog;
  return hooks;
}

/// A filter class as the engine wants it.
template <typename F>
class TypedFilter final : public HttpFilter {
  using State = typename F::State;
  static constexpr bool kKeeps = !std::is_empty_v<State>;
  static_assert(alignof(State) <= alignof(std::max_align_t));

 public:
  template <typename... Args>
  explicit TypedFilter(Args&&... args) : filter_(std::forward<Args>(args)...) {}

  uint8_t hooks() const override { return hooksOf<F>(); }
  size_t stateBytes() const override { return kKeeps ? sizeof(State) : 0; }
  bool destroysState() const override { return kKeeps && !std::is_trivially_destructible_v<State>; }
  void destroyState(StateSlot& slot) const override {
    if constexpr (kKeeps) slot.destroy<State>();
  }
  BodyPolicy requestBodyPolicy() const override { return filter_.requestBody(); }
  BodyPolicy responseBodyPolicy() const override { return filter_.responseBody(); }
  bool wantsResponseBody(Exchange& exchange, const ResponseHead& head) const override {
    return filter_.wantsResponseBody(exchange, head);
  }
  bool changesBody() const override { return filter_.changesBody(); }
  Status reload() const override { return filter_.reload(); }

  Action onRequestHeaders(Exchange& exchange, StateSlot& slot) const override {
    return filter_.onRequest(exchange, slot.get<State>());
  }
  Action onRequestBody(Exchange& exchange, StateSlot& slot, buffer::Buffer& data,
                       bool end) const override {
    return filter_.onRequestBody(exchange, slot.get<State>(), data, end);
  }
  void onUpstreamRequest(Exchange& exchange, StateSlot& slot, HeaderMap& headers) const override {
    filter_.onUpstreamRequest(exchange, slot.get<State>(), headers);
  }
  Action onResponseHeaders(Exchange& exchange, StateSlot& slot, ResponseHead& head) const override {
    return filter_.onResponse(exchange, slot.get<State>(), head);
  }
  Action onResponseBody(Exchange& exchange, StateSlot& slot, buffer::Buffer& data,
                        bool end) const override {
    return filter_.onResponseBody(exchange, slot.get<State>(), data, end);
  }
  void onTrailers(Exchange& exchange, StateSlot& slot, Direction direction,
                  HeaderMap& trailers) const override {
    filter_.onTrailers(exchange, slot.get<State>(), direction, trailers);
  }
  void onLog(Exchange& exchange, StateSlot& slot) const override {
    filter_.onLog(exchange, slot.get<State>());
  }

 private:
  F filter_;
};

}  // namespace tollgate::http
