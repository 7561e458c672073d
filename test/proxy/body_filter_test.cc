// Hooks of bodies and trailers in the exchange over real sockets: order, whole bodies, pauses.
#include "source/proxy/body_walk.h"
#include "test/proxy/filter_support.h"

namespace tollgate::proxy {
namespace {

using BodyFilterTest = FilterTest;

TEST_F(BodyFilterTest, TheRequestBodyPassesTheFiltersInOrder) {
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

TEST_F(BodyFilterTest, ALookerOnKeepsTheLength) {
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

TEST_F(BodyFilterTest, APausedRequestBodyStopsTheClientAndGoesOnInOrder) {
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

TEST_F(BodyFilterTest, ARequestBodyFilterMayAnswer) {
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

TEST_F(BodyFilterTest, WholeBodiesReachFiltersOnlyWhenTheirTurnComes) {
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

TEST_F(BodyFilterTest, ResponseBodiesPassTheFiltersAndMayPause) {
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

TEST_F(BodyFilterTest, LocalRepliesPassTheBodyHooks) {
  plugin().responseBody = [](Exchange&, buffer::Buffer& data, bool end) {
    if (end) data.append(" and more");
    return Action::kContinue;
  };
  start();
  get("/nowhere");
  ASSERT_TRUE(clientHas("0\r\n\r\n"));
  EXPECT_NE(unchunked(answer_).find("} and more"), std::string::npos) << answer_;
}

TEST_F(BodyFilterTest, AWholeResponseCanBeReadAndReplaced) {
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

TEST_F(BodyFilterTest, TrailersPassTheFiltersBothWays) {
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

TEST_F(BodyFilterTest, TrailersCanBeAddedWhereThereWereNoneAndTakenAway) {
  TestFilter& filter = plugin();
  filter.trailers = [](Exchange&, http::Direction, http::HeaderMap& trailers) {
    trailers.size() == 0 ? trailers.add("x-sum", "9") : void(trailers.remove("x-sum"));
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
  std::string seen;
  ASSERT_TRUE(originHas(0, "2\r\nab\r\n0\r\nx-sum: 9\r\n\r\n", seen)) << seen;
  origins_[0].send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\nX-Sum: 2\r\n\r\n");
  ASSERT_TRUE(clientHas("2\r\ncd\r\n0\r\n\r\n")) << answer_;
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(BodyFilterTest, ABodyAboveTheLimitIsRefusedWhereThePolicySaysSo) {
  TestFilter& filter = plugin();
  filter.wholeRequest = filter.wholeResponse = 4;
  filter.above = http::BodyPolicy::Above::kRefuse;
  filter.request = [this](Exchange& exchange) {
    calls_ += ">";
    return Action::kContinue;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
  ASSERT_TRUE(clientHas("Payload too large")) << answer_;
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 413");
  EXPECT_EQ(calls_, "") << "the filter is not called with less than all";
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientHas("is too large")) << answer_;
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 502");
}

TEST_F(BodyFilterTest, APartOfABodyIsSeenWhereThePolicySaysSo) {
  TestFilter& filter = plugin();
  filter.wholeRequest = filter.wholeResponse = 4;
  filter.above = http::BodyPolicy::Above::kPart;
  filter.request = [this](Exchange& exchange) {
    calls_ += exchange.wholeRequestBody()->toString() + ";";
    exchange.replaceRequestBody("lost");
    return Action::kContinue;
  };
  filter.response = [this](Exchange& exchange, http::ResponseHead&) {
    calls_ += exchange.wholeResponseBody()->toString() + ";";
    exchange.replaceResponseBody("lost");
    return Action::kContinue;
  };
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcde");
  ASSERT_TRUE(until([&] { return calls_ == "abcde;"; })) << calls_;
  client_.send("fghi");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\nabcdefghi", seen)) << seen;
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nABCDE");
  ASSERT_TRUE(until([&] { return calls_ == "abcde;ABCDE;"; })) << calls_;
  origins_[0].send("FGHI");
  ASSERT_TRUE(clientHas("\r\n\r\nABCDEFGHI")) << answer_;
}

TEST_F(BodyFilterTest, ABodyThatAPauseHasStoppedComesWholeForTheNextFilter) {
  constexpr size_t kSize = 3 * BodyWalk::kHeldMark;
  plugin().response = [this](Exchange& exchange, http::ResponseHead&) {
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  TestFilter& whole = plugin();
  whole.wholeResponse = 2 * kSize;
  whole.response = [this](Exchange& exchange, http::ResponseHead&) {
    calls_ = std::to_string(exchange.wholeResponseBody()->size());
    return Action::kContinue;
  };
  start();
  get();
  ASSERT_TRUE(
      originAnswers("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n"));
  const std::string body(kSize, 'x');
  size_t sent = 0;
  auto send = [&] { sent += origins_[0].send(std::string_view(body).substr(sent)); };
  for (int pass = 0; pass < 200; ++pass) {  // until the gateway takes no more
    send();
    loop_.runOnce(Millis(1));
  }
  ASSERT_NE(handle_.get(), nullptr);
  handle_.resume();
  EXPECT_TRUE(until([&] {
    send();
    return calls_ == std::to_string(kSize);
  })) << sent;
}

}  // namespace
}  // namespace tollgate::proxy
