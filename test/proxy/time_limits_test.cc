// What an exchange waits for, and whose time that is: clients and origins that stall, leave, or do
// not read.
#include "test/proxy/filter_support.h"

namespace tollgate::proxy {
namespace {

class TimeLimitsTest : public FilterTest {
 protected:
  TimeLimitsTest() { service_.retries = 0; }

  /// Sends as much of `bytes` as goes, from `sent` on.
  size_t sendMore(Peer& peer, std::string_view bytes, size_t& sent) {
    const size_t n = peer.send(bytes.substr(sent, 65536));
    sent += n;
    return n;
  }
  /// Until nothing goes any more.
  bool sendUntilFull(Peer& peer, std::string_view bytes, size_t& sent) {
    size_t stalled = 0;
    return until([&] {
      stalled = sendMore(peer, bytes, sent) == 0 ? stalled + 1 : 0;
      return stalled > 50;
    });
  }
  bool clientIsLeft() {
    return until([&] { return !client_.read(answer_); });
  }
  bool originIsLeft(size_t index) {
    std::string seen;
    return until([&] { return !origins_[index].read(seen); });
  }
  static size_t answersIn(std::string_view text) {
    size_t count = 0;
    for (size_t at = 0; (at = text.find("HTTP/1.1 ", at)) != text.npos; ++at) ++count;
    return count;
  }
  const std::string post_ = "POST /api HTTP/1.1\r\nHost: a\r\n";
};

TEST_F(TimeLimitsTest, WaitingForTheBodyIsTheClientsTime) {
  settings_.bodyTimeout = Millis(100);
  service_.writeTimeout = service_.readTimeout = Millis(10);
  start();
  client_.send(post_ + "Content-Length: 1000\r\n\r\nab");
  ASSERT_TRUE(clientIsLeft());
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 408") << answer_;
  EXPECT_NE(answer_.find("Connection: close\r\n"), std::string::npos) << answer_;
  EXPECT_EQ(answersIn(answer_), 1u);
  ASSERT_EQ(origins_.size(), 1u);
  EXPECT_TRUE(originIsLeft(0));
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(TimeLimitsTest, WaitingForTheBodyIsTheClientsTimeAlsoForAFilter) {
  settings_.bodyTimeout = Millis(50);
  plugin().wholeRequest = 10000;
  plugin().request = [](Exchange&) { return Action::kContinue; };
  start();
  client_.send(post_ + "Content-Length: 1000\r\n\r\nab");
  ASSERT_TRUE(clientIsLeft());
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 408") << answer_;
  EXPECT_TRUE(origins_.empty());
}

TEST_F(TimeLimitsTest, ABodyThatComesTooSlowlyIsCut) {
  settings_.bodyTimeout = Millis(200);
  settings_.bodyMinRate = 1000000;
  start();
  client_.send(post_ + "Transfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client_.send("1\r\nx\r\n");  // never silent
    return !client_.read(answer_);
  }));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 408") << answer_;
}

TEST_F(TimeLimitsTest, AnOriginThatWaitsForTheClientIsNotTimed) {
  service_.writeTimeout = service_.readTimeout = Millis(10);
  start();
  client_.send(post_ + "Content-Length: 4\r\n\r\nab");
  std::string seen;
  ASSERT_TRUE(originHas(0, "ab", seen));
  const auto later = event::Clock::now() + Millis(60);
  ASSERT_TRUE(until([&] { return event::Clock::now() > later; }));
  client_.send("cd");
  ASSERT_TRUE(originHas(0, "abcd", seen)) << "it is asked all the same";
}

TEST_F(TimeLimitsTest, AnOriginThatDoesNotTakeTheBodyIsTimed) {
  service_.writeTimeout = Millis(50);
  start();
  const std::string body(20 * 1024 * 1024, 'x');
  client_.send(post_ + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sendMore(client_, body, sent);
    client_.read(answer_);
    return answer_.find("\r\n\r\n") != std::string::npos;
  })) << sent;
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 504") << answer_;
}

TEST_F(TimeLimitsTest, ASilentOriginIsTimedFromTheEndOfTheRequest) {
  service_.readTimeout = Millis(50);
  service_.writeTimeout = Millis(600000);
  start();
  client_.send(post_ + "Content-Length: 4\r\n\r\nabcd");
  ASSERT_TRUE(clientHas("\r\n\r\n"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 504") << answer_;
}

TEST_F(TimeLimitsTest, AClientThatDoesNotReadIsGivenUp) {
  settings_.sendTimeout = Millis(50);
  start();
  get();
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  const std::string body(20 * 1024 * 1024, 'x');
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sendMore(origins_[0], body, sent);
    return worker_.exchangesInUse() == 0;
  }));
  EXPECT_LT(sent, body.size());
  EXPECT_TRUE(originIsLeft(0));
}

TEST_F(TimeLimitsTest, AClientThatReadsTooSlowlyIsGivenUp) {
  settings_.sendTimeout = Millis(200);
  settings_.sendMinRate = 1000000000;
  start();
  get();
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  const std::string body(20 * 1024 * 1024, 'x');
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sendMore(origins_[0], body, sent);
    client_.readSome(1000, answer_);
    return worker_.exchangesInUse() == 0;
  }));
  EXPECT_LT(sent, body.size());
}

TEST_F(TimeLimitsTest, AnUnwantedBodyThatDoesNotComeIsNotAwaited) {
  settings_.lingerTimeout = Millis(30);
  start();
  client_.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  ASSERT_TRUE(clientIsLeft());
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 404");
}

TEST_F(TimeLimitsTest, AnUnwantedBodyThatComesForeverIsNotAwaited) {
  settings_.lingerTime = Millis(100);
  start();
  client_.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(until([&] {
    client_.send("1\r\nx\r\n");
    return !client_.read(answer_);
  }));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 404");
}

TEST_F(TimeLimitsTest, AClientThatEndsItsSideHasLeft) {
  start();
  get();
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  client_.endOutput();
  EXPECT_TRUE(originIsLeft(0)) << "the origin is told at once";
  EXPECT_TRUE(clientIsLeft());
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(TimeLimitsTest, AClientThatEndsItsSideInAResponseHasLeft) {
  start();
  get();
  ASSERT_TRUE(originAnswers("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart"));
  ASSERT_TRUE(clientHas("part"));
  client_.endOutput();
  EXPECT_TRUE(originIsLeft(0));
  EXPECT_TRUE(clientIsLeft());
}

TEST_F(TimeLimitsTest, AHalfClosedClientIsAnsweredWhereThatIsAllowed) {
  settings_.halfClosedClients = true;
  start();
  get();
  client_.endOutput();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(clientIsLeft());
  EXPECT_TRUE(answer_.ends_with("hello")) << answer_;
}

TEST_F(TimeLimitsTest, LocalAnswersReachAHalfClosedClient) {
  start();
  client_.send("GET /none1 HTTP/1.1\r\nHost: a\r\n\r\nGET /none2 HTTP/1.1\r\nHost: a\r\n\r\n");
  client_.endOutput();
  ASSERT_TRUE(clientIsLeft());
  EXPECT_EQ(answersIn(answer_), 2u) << answer_;
}

TEST_F(TimeLimitsTest, PipelinedRequestsWaitUntilTheirAnswersAreRead) {
  plugin().request = [this](Exchange& exchange) {
    exchange.reply(503, "text/plain", std::string(50000, 'x'));
    return Action::kPause;
  };
  start();
  std::string requests;
  for (int i = 0; i < 3000; ++i) requests += "GET /api HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t sent = 0, highest = 0, stalled = 0;
  ASSERT_TRUE(until([&] {
    stalled = sendMore(client_, requests, sent) == 0 ? stalled + 1 : 0;
    highest = std::max(highest, worker_.slabs.inUse());
    return stalled > 50;
  }));
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 512u * 1024);
  size_t answers = 0;
  ASSERT_TRUE(until([&] {
    sendMore(client_, requests, sent);
    answer_.clear();
    client_.read(answer_);
    for (size_t at = 0; (at = answer_.find("503", at)) != answer_.npos; ++at) ++answers;
    highest = std::max(highest, worker_.slabs.inUse());
    return answers >= 300;
  })) << answers;
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 512u * 1024);
}

TEST_F(TimeLimitsTest, ABodyThatWaitedGoesOnAfterARetry) {
  service_.retries = 1;
  service_.connectTimeout = Millis(60000);
  bool first = true;
  plugin().requestBody = [&](Exchange& exchange, buffer::Buffer&, bool) {
    if (!first) return Action::kContinue;
    first = false;
    handle_ = exchange.pauseHandle();
    return Action::kPause;
  };
  start();
  const std::string body(2 * 1024 * 1024, 'x');
  client_.send("PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n");
  size_t sent = 0;
  ASSERT_TRUE(sendUntilFull(client_, body, sent));
  ASSERT_TRUE(until([&] { return origins_.size() == 1; }));
  origins_[0].reset();  // before any of the body went there
  handle_.resume();
  std::string seen;
  ASSERT_TRUE(until([&] {
    sendMore(client_, body, sent);
    client_.read(answer_);
    if (origins_.size() > 1) origins_[1].read(seen);
    return seen.size() > body.size() || !answer_.empty();
  })) << seen.size();
}

TEST_F(TimeLimitsTest, NoRequestFollowsOneThatTheOriginHasNotRead) {
  start();
  const std::string body(1024 * 1024, 'x');
  client_.send(post_ + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  size_t sent = 0;
  ASSERT_TRUE(until([&] {
    sendMore(client_, body, sent);
    return sent == body.size() && origins_.size() == 1;
  })) << sent;
  settle();
  origins_[0].send(kOk);
  ASSERT_TRUE(clientHas("hello"));
  client_ = Peer::connect(proxy_->address());
  get();
  std::string seen;
  ASSERT_TRUE(originHas(1, "GET /base", seen)) << "on a connection of its own";
}

}  // namespace
}  // namespace tollgate::proxy
