#pragma once

// Filters made of functions in the exchange over real sockets.
#include <algorithm>

#include "test/proxy/support.h"

namespace tollgate::proxy {

using http::Action;
using http::Exchange;

/// A filter made of functions; a hook without one is not declared.
struct TestFilter final : http::HttpFilter {
  std::function<Action(Exchange&)> request;
  std::function<Action(Exchange&, buffer::Buffer&, bool)> requestBody;
  std::function<void(Exchange&, http::HeaderMap&)> upstream;
  std::function<Action(Exchange&, http::ResponseHead&)> response;
  std::function<Action(Exchange&, buffer::Buffer&, bool)> responseBody;
  std::function<void(Exchange&, http::Direction, http::HeaderMap&)> trailers;
  std::function<void(Exchange&)> log;
  std::function<bool(const http::ResponseHead&)> wants;
  size_t wholeRequest = 0, wholeResponse = 0;
  http::BodyPolicy::Above above = http::BodyPolicy::Above::kPass;  ///< Of both.
  bool changes = true;

  uint8_t hooks() const override {
    return static_cast<uint8_t>(
        (request ? http::kRequestHeaders : 0) | (requestBody ? http::kRequestBody : 0) |
        (upstream ? http::kUpstreamRequest : 0) | (response ? http::kResponseHeaders : 0) |
        (responseBody ? http::kResponseBody : 0) | (trailers ? http::kTrailers : 0) |
        (log ? http::kLog : 0));
  }
  http::BodyPolicy requestBodyPolicy() const override {
    return http::BodyPolicy::collect(wholeRequest, above);
  }
  http::BodyPolicy responseBodyPolicy() const override {
    return http::BodyPolicy::collect(wholeResponse, above);
  }
  bool wantsResponseBody(Exchange&, const http::ResponseHead& head) const override {
    return !wants || wants(head);
  }
  bool changesBody() const override { return changes; }
  Action onRequestHeaders(Exchange& e, http::StateSlot&) const override { return request(e); }
  Action onRequestBody(Exchange& e, http::StateSlot&, buffer::Buffer& data,
                       bool end) const override {
    return requestBody(e, data, end);
  }
  void onUpstreamRequest(Exchange& e, http::StateSlot&, http::HeaderMap& headers) const override {
    upstream(e, headers);
  }
  Action onResponseHeaders(Exchange& e, http::StateSlot&, http::ResponseHead& head) const override {
    return response(e, head);
  }
  Action onResponseBody(Exchange& e, http::StateSlot&, buffer::Buffer& data,
                        bool end) const override {
    return responseBody(e, data, end);
  }
  void onTrailers(Exchange& e, http::StateSlot&, http::Direction d,
                  http::HeaderMap& map) const override {
    trailers(e, d, map);
  }
  void onLog(Exchange& e, http::StateSlot&) const override { log(e); }
};

class FilterTest : public ProxyTest {
 protected:
  /// A filter at the end of the route's plan.
  TestFilter& plugin() { return addTo(plan_); }
  TestFilter& before() { return addTo(listener_.before); }
  TestFilter& after() { return addTo(listener_.after); }
  TestFilter& addTo(http::FilterPlan& plan) {
    filters_.push_back(std::make_unique<TestFilter>());
    plan.entries.emplace_back().fallback = filters_.back().get();
    return *filters_.back();
  }
  /// A filter that writes its name down whenever it is called.
  void recording(TestFilter& filter, const std::string& name) {
    filter.request = [this, name](Exchange&) {
      calls_ += name + "> ";
      return Action::kContinue;
    };
    filter.response = [this, name](Exchange&, http::ResponseHead&) {
      calls_ += "<" + name + " ";
      return Action::kContinue;
    };
  }
  void start() {
    plan_.finish();
    listener_.before.finish();
    listener_.after.finish();
    globalPlan_ = std::shared_ptr<http::FilterPlan>(&plan_, [](auto*) {});
    bool around = !listener_.before.entries.empty() || !listener_.after.entries.empty();
    if (around || !listener_.plugins) listenerFilters_ = &listener_;
    publish();
    client_ = Peer::connect(proxy_->address());
  }
  void get(std::string_view path = "/api") {
    answer_.clear();
    client_.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  bool originAnswers(std::string_view response) {
    std::string seen;
    if (!originHas(0, "\r\n\r\n", seen)) return false;
    origins_[0].send(response);
    return true;
  }
  /// Lets everything that is ready happen.
  void settle() {
    for (int i = 0; i < 20; ++i) loop_.runOnce(Millis(1));
  }

  http::FilterPlan plan_;
  ListenerFilters listener_;
  std::vector<std::unique_ptr<TestFilter>> filters_;
  std::string calls_;
  http::PauseHandle handle_;
};

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Whether a chunked message's body, as it came, says `text`.
inline std::string unchunked(std::string_view message) {
  std::string out;
  size_t at = message.find("\r\n\r\n");
  at = at == std::string_view::npos ? message.size() : at + 4;
  while (at < message.size()) {
    size_t line = message.find("\r\n", at);
    if (line == std::string_view::npos) break;
    size_t size = std::stoul(std::string(message.substr(at, line - at)), nullptr, 16);
    out.append(message.substr(line + 2, size));
    if (size == 0) break;
    at = line + 2 + size + 2;
  }
  return out;
}

}  // namespace tollgate::proxy
