// Filters in the exchange over real sockets: order, held heads, pauses and back-pressure, HTTP/1
// and HTTP/2 clients.
#include "source/http/typed_filter.h"
#include "test/proxy/filter_support.h"
#include "test/proxy/h2_client.h"

namespace tollgate::proxy {
namespace {

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

TEST_F(FilterTest, NoFilterAnswersWithAStatusThatEndsNoRequest) {
  before().request = [](Exchange& exchange) {
    exchange.reply(101, "text/plain", "x");
    return Action::kPause;
  };
  start();
  get();
  ASSERT_TRUE(clientHas("An unexpected error occurred"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 500");
  EXPECT_NE(answer_.find("Connection: close"), std::string::npos) << answer_;
}

TEST_F(FilterTest, AnAnswerWithoutContentHasNone) {
  before().request = [](Exchange& exchange) {
    exchange.reply(204, "text/plain", "none of this");
    return Action::kPause;
  };
  start();
  get();
  ASSERT_TRUE(clientHas("\r\n\r\n"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 204");
  EXPECT_EQ(answer_.find("none of this"), std::string::npos) << answer_;
  EXPECT_EQ(answer_.find("Content-"), std::string::npos) << answer_;
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

TEST_F(FilterTest, EveryFilterLogsOnce) {
  int logged = 0;
  before().log = plugin().log = after().log = [&](Exchange&) { ++logged; };
  start();
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(logged, 3);
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

TEST_F(FilterTest, EditsForAnAttemptDoNotPileUp) {
  service_.retries = 2;
  plugin().upstream = [](Exchange&, http::HeaderMap& headers) {
    headers.add("X-Attempt", "1");
    headers.remove("x-once");
  };
  plugin().upstream = [this](Exchange& exchange, http::HeaderMap&) {
    calls_ += exchange.request().headers.get("x-once");
  };
  start();
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\nX-Once: 7\r\n\r\n");
  for (size_t attempt = 0; attempt < 3; ++attempt) {
    std::string seen;
    ASSERT_TRUE(originHas(attempt, "\r\n\r\n", seen));
    const size_t first = seen.find("X-Attempt: 1");
    EXPECT_NE(first, std::string::npos) << seen;
    EXPECT_EQ(first, seen.rfind("X-Attempt")) << seen;
    EXPECT_EQ(seen.find("X-Once"), std::string::npos) << seen;
    origins_[attempt].close();
  }
  ASSERT_TRUE(clientHas("502"));
  EXPECT_EQ(calls_, "777") << "the request itself stays as it was";
}

TEST_F(FilterTest, AFilterMayAnswerInsteadOfAnAttempt) {
  plugin().upstream = [](Exchange& exchange, http::HeaderMap&) {
    exchange.reply(503, "text/plain", "not now");
  };
  start();
  get();
  ASSERT_TRUE(clientHas("not now"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(FilterTest, AFilterSeesWholeBodiesUpToItsOwnLimit) {
  auto record = [this](TestFilter& filter, size_t limit) {
    filter.wholeRequest = filter.wholeResponse = limit;
    filter.request = [this](Exchange& exchange) {
      const buffer::Buffer* body = exchange.wholeRequestBody();
      calls_ += body != nullptr ? body->toString() + ";" : "none;";
      return Action::kContinue;
    };
    filter.response = [this](Exchange& exchange, http::ResponseHead&) {
      const buffer::Buffer* body = exchange.wholeResponseBody();
      calls_ += body != nullptr ? body->toString() + ";" : "none;";
      return Action::kContinue;
    };
  };
  record(plugin(), 4);
  record(plugin(), 100);
  record(plugin(), 0);
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcde");
  settle();
  EXPECT_EQ(calls_, "none;") << "the first has seen enough";
  client_.send("fgh");
  std::string seen;
  ASSERT_TRUE(originHas(0, "abcdefgh", seen));
  EXPECT_EQ(calls_, "none;abcdefgh;none;");
  calls_.clear();
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1234567");
  ASSERT_TRUE(clientHas("1234567"));
  EXPECT_EQ(calls_, "none;1234567;none;");
}

TEST_F(FilterTest, AFilterOfCertainConsumersSeesTheEndOfARefusedRequest) {
  before().request = [](Exchange& exchange) {
    exchange.replyError(401, "who are you");
    return Action::kPause;
  };
  TestFilter& everybodys = plugin();
  TestFilter& alices = *filters_.emplace_back(std::make_unique<TestFilter>());
  everybodys.log = [this](Exchange&) { calls_ += "end "; };
  alices.log = [this](Exchange&) { calls_ += "alice's "; };
  plan_.entries.back().variants["alice"] = &alices;
  start();
  get();
  ASSERT_TRUE(clientHas("who are you"));
  ASSERT_TRUE(until([&] { return worker_.exchangesInUse() == 0; }));
  EXPECT_EQ(calls_, "end ");
}

/// What a typed filter keeps for an exchange, told when it comes and goes.
struct Kept {
  Kept() { ++alive; }
  ~Kept() { --alive; }
  Kept(const Kept&) = delete;
  std::string text;
  static inline int alive = 0;
};
struct Keeping final : http::Filter<void, Kept> {
  Action onRequest(Exchange& exchange, Kept& kept) const {
    kept.text = std::string(1000, 'x') + std::string(exchange.query());
    return Action::kContinue;
  }
  Action onResponse(Exchange& exchange, Kept& kept, http::ResponseHead& head) const {
    head.headers.set("X-Kept", exchange.arena().copy(kept.text.substr(1000)));
    return Action::kContinue;
  }
};

TEST_F(FilterTest, ATypedFiltersStateLivesAsLongAsTheExchange) {
  http::TypedFilter<Keeping> filter;
  EXPECT_EQ(filter.hooks(), http::kRequestHeaders | http::kResponseHeaders);
  plan_.entries.emplace_back().fallback = &filter;
  start();
  get("/api?a");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_EQ(Kept::alive, 1);
  origins_[0].send(kOk);
  ASSERT_TRUE(clientHas("X-Kept: a\r\n")) << answer_;
  ASSERT_TRUE(until([] { return Kept::alive == 0; }));
  get("/api?b");
  ASSERT_TRUE(originHas(0, "/base?b", seen));
  client_.close();
  EXPECT_TRUE(until([] { return Kept::alive == 0; })) << "also where the client leaves";
}

TEST_F(FilterTest, WhatTheOriginIsAskedForCanBeChanged) {
  plugin().request = [](Exchange& exchange) {
    exchange.setMethod("PUT");
    exchange.setForwardedPath("/other%20path");
    exchange.setHost("elsewhere.test");
    exchange.replaceRequestBody("made");
    return Action::kContinue;
  };
  start();
  get("/api?q=1");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\nmade", seen)) << seen;
  EXPECT_EQ(seen.substr(0, seen.find("\r\n")), "PUT /other%20path?q=1 HTTP/1.1");
  EXPECT_NE(seen.find("\r\nHost: elsewhere.test\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nContent-Length: 4\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nX-Forwarded-Path: /api\r\n"), std::string::npos) << seen;
  origins_[0].send(kOk);
  ASSERT_TRUE(clientHas("hello"));
}

}  // namespace
}  // namespace tollgate::proxy
