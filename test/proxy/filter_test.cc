// Filters in the exchange over real sockets: order, hooks of bodies and trailers, pauses and
// back-pressure, HTTP/1 and HTTP/2 clients.
#include <algorithm>

#include "test/proxy/h2_client.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

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
  std::function<void(Exchange&)> complete;
  std::function<bool(const http::ResponseHead&)> wants;
  size_t wholeRequest = 0, wholeResponse = 0;
  bool changes = true;

  uint8_t hooks() const override {
    return static_cast<uint8_t>(
        (request ? http::kRequestHeaders : 0) | (requestBody ? http::kRequestBody : 0) |
        (upstream ? http::kUpstreamRequest : 0) | (response ? http::kResponseHeaders : 0) |
        (responseBody ? http::kResponseBody : 0) | (trailers ? http::kTrailers : 0) |
        (complete ? http::kComplete : 0));
  }
  http::BodyNeed requestBodyNeed() const override {
    return wholeRequest > 0 ? http::BodyNeed::kWhole : http::BodyNeed::kNone;
  }
  size_t requestBodyLimit() const override { return wholeRequest; }
  http::BodyNeed responseBodyNeed() const override {
    return wholeResponse > 0 ? http::BodyNeed::kWhole : http::BodyNeed::kNone;
  }
  size_t responseBodyLimit() const override { return wholeResponse; }
  bool wantsResponseBody(Exchange&, const http::ResponseHead& head) const override {
    return !wants || wants(head);
  }
  bool changesBody() const override { return changes; }
  Action onRequestHeaders(Exchange& e, void*) const override { return request(e); }
  Action onRequestBody(Exchange& e, void*, buffer::Buffer& data, bool end) const override {
    return requestBody(e, data, end);
  }
  void onUpstreamRequest(Exchange& e, void*, http::HeaderMap& headers) const override {
    upstream(e, headers);
  }
  Action onResponseHeaders(Exchange& e, void*, http::ResponseHead& head) const override {
    return response(e, head);
  }
  Action onResponseBody(Exchange& e, void*, buffer::Buffer& data, bool end) const override {
    return responseBody(e, data, end);
  }
  void onTrailers(Exchange& e, void*, http::Direction d, http::HeaderMap& map) const override {
    trailers(e, d, map);
  }
  void onComplete(Exchange& e, void*) const override { complete(e); }
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

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Whether a chunked message's body, as it came, says `text`.
std::string unchunked(std::string_view message) {
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

TEST_F(FilterTest, ListenerFiltersStandAroundThePluginsAndReturnInReverse) {
  recording(before(), "a");
  recording(before(), "b");
  recording(plugin(), "p");
  recording(plugin(), "q");
  recording(after(), "c");
  recording(after(), "d");
  start();
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(calls_, "a> b> p> q> c> d> <d <c <p <q <b <a ");
}

TEST_F(FilterTest, ListenerFiltersSeeRequestsThatNoRouteTakes) {
  recording(before(), "a");
  recording(plugin(), "global");
  recording(after(), "c");
  start();
  get("/nowhere");
  ASSERT_TRUE(clientHas("no Route matched"));
  EXPECT_EQ(calls_, "a> c> <c <global <a ");
}

TEST_F(FilterTest, ALocalReplyOfAListenerFilterPassesEveryResponseHook) {
  recording(before(), "a");
  before().request = [](Exchange& exchange) {
    exchange.replyError(403, "not you");
    return Action::kPause;
  };
  recording(plugin(), "p");
  recording(after(), "c");
  start();
  for (const char* path : {"/api", "/nowhere"}) {
    calls_.clear();
    get(path);
    ASSERT_TRUE(clientHas("not you")) << path;
    EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 403");
    EXPECT_EQ(calls_, "a> <c <p <a ") << path;
  }
  EXPECT_TRUE(origins_.empty());
}

TEST_F(FilterTest, AChainWithoutPluginsRunsNone) {
  recording(plugin(), "p");
  recording(after(), "c");
  listener_.plugins = false;
  start();
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(calls_, "c> <c ");
}

TEST_F(FilterTest, AListenerFilterRunsBeforeWhatTheRouteDemands) {
  route_.httpsOnly = true;
  recording(before(), "a");
  recording(plugin(), "p");
  start();
  get();
  ASSERT_TRUE(clientHas("426"));
  EXPECT_EQ(calls_.substr(0, 6), "a> <p ");
}

TEST_F(FilterTest, APausedRequestGoesOnWithTheNextFilter) {
  before().request = [this](Exchange& exchange) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  recording(plugin(), "p");
  start();
  get();
  settle();
  EXPECT_EQ(calls_, "");
  handle_.resume();
  handle_.resume();  // a second time for the same pause: nothing
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(calls_, "p> <p ");
}

TEST_F(FilterTest, TheRequestBodyPassesTheFiltersInOrder) {
  plugin().requestBody = [](Exchange&, buffer::Buffer& data, bool end) {
    std::string text = data.toString();
    data.clear();
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    data.append(text);
    if (end) data.append("!");
    return Action::kContinue;
  };
  plugin().requestBody = [this](Exchange&, buffer::Buffer& data, bool end) {
    calls_ += data.toString() + (end ? "$" : "|");
    return Action::kContinue;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  std::string seen;
  ASSERT_TRUE(originHas(0, "ABC", seen));
  client_.send("def");
  ASSERT_TRUE(originHas(0, "0\r\n\r\n", seen));
  EXPECT_EQ(unchunked(seen), "ABCDEF!") << seen;
  EXPECT_EQ(seen.find("Content-Length"), std::string::npos) << "its length is not known";
  EXPECT_EQ(calls_, "ABC|DEF!$");
  origins_[0].send(kOk);
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, ALookerOnKeepsTheLength) {
  TestFilter& filter = plugin();
  filter.changes = false;
  filter.requestBody = filter.responseBody = [this](Exchange&, buffer::Buffer& data, bool) {
    calls_ += data.toString();
    return Action::kContinue;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\nabc", seen));
  EXPECT_NE(seen.find("Content-Length: 3"), std::string::npos);
  origins_[0].send(kOk);
  ASSERT_TRUE(clientHas("\r\n\r\nhello"));
  EXPECT_NE(answer_.find("Content-Length: 5"), std::string::npos);
  EXPECT_EQ(calls_, "abchello");
}

TEST_F(FilterTest, APausedRequestBodyStopsTheClientAndGoesOnInOrder) {
  plugin().requestBody = [this](Exchange& exchange, buffer::Buffer& data, bool end) {
    if (!calls_.empty()) return Action::kContinue;
    calls_ = "paused";
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  start();
  constexpr size_t kBytes = 8 * 1024 * 1024;
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBytes) +
               "\r\n\r\n");
  std::string body(kBytes, '-');
  for (size_t i = 0; i < kBytes; ++i) body[i] = static_cast<char>('a' + i % 23);
  size_t sent = 0, stalled = 0, highest = 0;
  auto send = [&] {
    size_t n = client_.send(std::string_view(body).substr(sent, 65536));
    sent += n;
    highest = std::max(highest, worker_.slabs.inUse());
    return n;
  };
  ASSERT_TRUE(until([&] {
    stalled = send() == 0 ? stalled + 1 : 0;
    return stalled > 50;
  }));
  EXPECT_LT(sent, kBytes);
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 2u * 1024 * 1024) << "it holds little";
  handle_.resume();
  std::string seen;
  ASSERT_TRUE(until([&] {
    send();
    if (!origins_.empty()) origins_[0].read(seen);
    return seen.ends_with("\r\n0\r\n\r\n");
  })) << seen.size();
  EXPECT_TRUE(unchunked(seen) == body);
}

TEST_F(FilterTest, ARequestBodyFilterMayAnswer) {
  plugin().requestBody = [](Exchange& exchange, buffer::Buffer& data, bool) {
    if (data.toString().find("bad") == std::string::npos) return Action::kContinue;
    exchange.reply(422, "text/plain", "no");
    return Action::kPause;
  };
  recording(plugin(), "p");
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ngood");
  std::string seen;
  ASSERT_TRUE(originHas(0, "good", seen));
  client_.send("bad");
  ASSERT_TRUE(clientHas("\r\n\r\nno"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 422");
  EXPECT_EQ(calls_, "p> <p ");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
  ASSERT_TRUE(until([&] { return !origins_[0].read(seen); })) << "the origin is told";
}

TEST_F(FilterTest, WholeBodiesReachFiltersOnlyWhenTheirTurnComes) {
  before().request = [](Exchange& exchange) {
    if (exchange.request().headers.get("x-key") == "1") return Action::kContinue;
    exchange.replyError(401, "who");
    return Action::kPause;
  };
  TestFilter& whole = plugin();
  whole.wholeRequest = 1000000;
  whole.request = [this](Exchange& exchange) {
    const buffer::Buffer* body = exchange.wholeRequestBody();
    calls_ += body != nullptr ? body->toString() : "nothing";
    exchange.replaceRequestBody("new");
    return Action::kContinue;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
  ASSERT_TRUE(clientHas("who")) << "refused without waiting for the body";
  client_ = Peer::connect(proxy_->address());
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nX-Key: 1\r\nContent-Length: 6\r\n\r\nabc");
  settle();
  EXPECT_EQ(calls_, "");
  client_.send("def");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\nnew", seen));
  EXPECT_EQ(calls_, "abcdef");
}

TEST_F(FilterTest, APausedResponseHeadHoldsTheBodyAndStopsTheOrigin) {
  recording(before(), "a");
  TestFilter& pausing = plugin();
  pausing.response = [this](Exchange& exchange, http::ResponseHead& head) {
    handle_ = exchange.pauseHandle();
    head.headers.set("x-seen", "1");
    return Action::kPause;
  };
  start();
  get();
  constexpr size_t kBytes = 8 * 1024 * 1024;
  ASSERT_TRUE(
      originAnswers("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n"));
  std::string body(kBytes, '-');
  for (size_t i = 0; i < kBytes; ++i) body[i] = static_cast<char>('a' + i % 23);
  size_t sent = 0, stalled = 0, highest = 0;
  auto send = [&] {
    size_t n = origins_[0].send(std::string_view(body).substr(sent, 65536));
    sent += n;
    highest = std::max(highest, worker_.slabs.inUse());
    return n;
  };
  ASSERT_TRUE(until([&] {
    stalled = send() == 0 ? stalled + 1 : 0;
    return stalled > 50;
  }));
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 2u * 1024 * 1024);
  client_.read(answer_);
  EXPECT_EQ(answer_, "");
  EXPECT_EQ(calls_, "a> ");
  handle_.resume();
  ASSERT_TRUE(until([&] {
    send();
    client_.read(answer_);
    return answer_.size() > kBytes && worker_.exchangesInUse() == 0;
  }));
  EXPECT_EQ(calls_, "a> <a ");
  EXPECT_NE(answer_.find("x-seen: 1\r\n"), std::string::npos);
  EXPECT_TRUE(std::string_view(answer_).ends_with(body));
}

TEST_F(FilterTest, AHeldResponseThatTheOriginCompletesFreesItsConnection) {
  plugin().response = [this](Exchange& exchange, http::ResponseHead&) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  start();
  for (std::string_view response : {kOk, std::string_view("HTTP/1.1 204 No Content\r\n\r\n")}) {
    get();
    ASSERT_TRUE(originAnswers(response));
    settle();
    origins_[0].close();  // as an origin may, once it has answered
    settle();
    handle_.resume();
    ASSERT_TRUE(clientHas(response == kOk ? "hello" : "204"));
    EXPECT_EQ(worker_.exchangesInUse(), 0u);
    origins_.clear();
  }
}

TEST_F(FilterTest, AnOriginThatFailsWhileItsHeadIsHeldIsABadGateway) {
  plugin().response = [this](Exchange& exchange, http::ResponseHead&) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  recording(before(), "a");
  service_.retries = 3;
  start();
  get();
  ASSERT_TRUE(originAnswers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"));
  settle();
  origins_[0].close();
  ASSERT_TRUE(clientHas("\r\n\r\n"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(calls_, "a> <a ") << "each filter sees one response";
  EXPECT_EQ(origins_.size(), 1u);
  handle_.resume();
  settle();
}

TEST_F(FilterTest, AResponseFilterMayReplaceTheResponse) {
  plugin().response = [](Exchange& exchange, http::ResponseHead& head) {
    if (head.status == 200) exchange.reply(299, "text/plain", "other");
    return Action::kContinue;
  };
  recording(before(), "a");
  start();
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("other"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 299");
  EXPECT_EQ(answer_.find("hello"), std::string::npos);
  EXPECT_EQ(calls_, "a> <a ");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, ResponseBodiesPassTheFiltersAndMayPause) {
  bool paused = false;
  before().responseBody = [&](Exchange&, buffer::Buffer& data, bool end) {
    calls_ += "[" + data.toString() + (end ? "]$" : "]");
    return Action::kContinue;
  };
  plugin().responseBody = [&](Exchange& exchange, buffer::Buffer& data, bool end) {
    if (end) data.append("!");
    if (paused) return Action::kContinue;
    paused = true;
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  start();
  get();
  ASSERT_TRUE(originAnswers("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabc"));
  ASSERT_TRUE(clientHas("\r\n\r\n")) << "the head does not wait";
  origins_[0].send("defgh");
  settle();
  EXPECT_EQ(calls_, "");
  handle_.resume();
  ASSERT_TRUE(clientHas("0\r\n\r\n"));
  EXPECT_EQ(unchunked(answer_), "abcdefgh!") << answer_;
  EXPECT_EQ(calls_, "[abc][defgh!]$");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, LocalRepliesPassTheBodyHooks) {
  plugin().responseBody = [](Exchange&, buffer::Buffer& data, bool end) {
    if (end) data.append(" and more");
    return Action::kContinue;
  };
  start();
  get("/nowhere");
  ASSERT_TRUE(clientHas("0\r\n\r\n"));
  EXPECT_NE(unchunked(answer_).find("} and more"), std::string::npos) << answer_;
}

TEST_F(FilterTest, AWholeResponseCanBeReadAndReplaced) {
  TestFilter& filter = plugin();
  filter.wholeResponse = 1000;
  filter.wants = [](const http::ResponseHead& head) { return head.status == 200; };
  filter.response = [this](Exchange& exchange, http::ResponseHead&) {
    const buffer::Buffer* body = exchange.wholeResponseBody();
    calls_ += body != nullptr ? body->toString() : "none";
    calls_ += ";";
    exchange.replaceResponseBody("replaced");
    return Action::kContinue;
  };
  start();
  get();
  ASSERT_TRUE(originAnswers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"));
  settle();
  EXPECT_EQ(calls_, "");
  origins_[0].send("llo");
  ASSERT_TRUE(clientHas("replaced"));
  EXPECT_NE(answer_.find("Content-Length: 8\r\n"), std::string::npos) << answer_;
  get();  // too large: it streams on as it is
  ASSERT_TRUE(
      originAnswers("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x')));
  ASSERT_TRUE(clientHas(std::string(2000, 'x')));
  get();  // not wanted
  ASSERT_TRUE(originAnswers("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"));
  ASSERT_TRUE(clientHas("\r\n\r\nno"));
  EXPECT_EQ(calls_, "hello;none;none;");
  get("/nowhere");  // a local reply is always there as a whole
  ASSERT_TRUE(clientHas("replaced"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 404");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, TrailersPassTheFiltersBothWays) {
  TestFilter& filter = plugin();
  filter.trailers = [this](Exchange&, http::Direction direction, http::HeaderMap& trailers) {
    calls_ += direction == http::Direction::kRequest ? ">" : "<";
    calls_ += trailers.get("x-sum");
    trailers.set("x-sum", "9");
  };
  filter.requestBody = filter.responseBody = [this](Exchange&, buffer::Buffer&, bool end) {
    if (end) calls_ += "$";
    return Action::kContinue;
  };
  start();
  client_.send(
      "POST /api HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  client_.send("2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n");
  ASSERT_TRUE(originHas(0, "0\r\nX-Sum: 9\r\n\r\n", seen)) << seen;
  origins_[0].send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\nX-Sum: 2\r\n\r\n");
  ASSERT_TRUE(clientHas("0\r\nX-Sum: 9\r\n\r\n")) << answer_;
  EXPECT_EQ(calls_, "$>1$<2");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, CompleteIsCalledOnceForEveryFilterThatHadItsTurn) {
  int completed = 0;
  before().complete = plugin().complete = after().complete = [&](Exchange&) { ++completed; };
  start();
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(completed, 3);
}

TEST_F(FilterTest, AClientThatLeavesWhileFiltersHoldEverythingIsForgotten) {
  TestFilter& filter = plugin();
  filter.requestBody = [](Exchange&, buffer::Buffer&, bool) { return Action::kPause; };
  filter.response = [this](Exchange& exchange, http::ResponseHead&) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  ASSERT_TRUE(originAnswers(kOk));
  settle();
  EXPECT_EQ(worker_.exchangesInUse(), 1u);
  client_.reset();
  ASSERT_TRUE(until([&] { return worker_.exchangesInUse() == 0; }));
  handle_.resume();
  settle();
  EXPECT_EQ(worker_.slabs.inUse(), 0u);
}

TEST_F(FilterTest, Http2ClientsPassTheSameHooks) {
  bool paused = false;
  TestFilter& filter = plugin();
  filter.requestBody = [](Exchange&, buffer::Buffer& data, bool end) {
    if (end) data.append("!");
    return Action::kContinue;
  };
  filter.response = [this](Exchange& exchange, http::ResponseHead&) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  filter.responseBody = [&](Exchange& exchange, buffer::Buffer& data, bool end) {
    if (end) data.append("?");
    if (paused) return Action::kContinue;
    paused = true;
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  filter.trailers = [this](Exchange&, http::Direction, http::HeaderMap& trailers) {
    calls_ += trailers.get("x-sum");
  };
  start();
  H2Client h2;
  auto exchangeBytes = [&] {
    std::string in;
    client_.send(h2.output());
    client_.read(in);
    h2.receive(in);
  };
  int32_t id = h2.request("POST", "/api", "body");
  std::string seen;
  ASSERT_TRUE(until([&] {
    exchangeBytes();
    if (!origins_.empty()) origins_[0].read(seen);
    return seen.find("0\r\n\r\n") != std::string::npos;
  }));
  EXPECT_EQ(unchunked(seen), "body!");
  origins_[0].send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\nX-Sum: 2\r\n\r\n");
  settle();
  exchangeBytes();
  EXPECT_EQ(h2.reply(id).status, "");
  handle_.resume();
  ASSERT_TRUE(until([&] {
    exchangeBytes();
    return h2.reply(id).status == "200" && paused;
  }));
  settle();
  EXPECT_EQ(h2.reply(id).body, "");
  handle_.resume();
  ASSERT_TRUE(until([&] {
    exchangeBytes();
    return h2.reply(id).closed;
  }));
  EXPECT_EQ(h2.reply(id).body, "cd?");
  EXPECT_EQ(calls_, "2");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

}  // namespace
}  // namespace tollgate::proxy
