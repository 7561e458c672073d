// What is known of an exchange when it is over, and when it is over.
#include "test/proxy/filter_support.h"

namespace tollgate::proxy {
namespace {

using http::AnsweredBy;

class ExchangeInfoTest : public FilterTest {
 protected:
  /// A plugin that keeps what is known when an exchange is over.
  TestFilter& recorder() {
    TestFilter& filter = plugin();
    filter.log = [this](Exchange& exchange) {
      const http::ExchangeInfo& info = exchange.info();
      infos_.push_back(info);
      attempts_.clear();
      for (const http::Attempt* each = &info.attempt; each != nullptr; each = each->before) {
        attempts_.insert(attempts_.begin(), *each);
        addresses_.push_back(each->address == nullptr ? "" : each->address->toString());
      }
      names_ = std::string(exchange.routeId()) + " " + std::string(exchange.serviceId()) + " " +
               std::string(info.filter);
    };
    return filter;
  }
  bool over(size_t count = 1) {
    return until([&] { return infos_.size() == count; });
  }

  std::vector<http::ExchangeInfo> infos_;  ///< Their views are gone.
  std::vector<http::Attempt> attempts_;    ///< Of the last one, in order; likewise.
  std::vector<std::string> addresses_;
  std::string names_;
};

TEST_F(ExchangeInfoTest, TellsOfARequestThatTheOriginAnswers) {
  recorder();
  start();
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  std::string seen;
  ASSERT_TRUE(originHas(0, "abc", seen));
  origins_[0].send(kOk);
  ASSERT_TRUE(over());
  const http::ExchangeInfo& info = infos_[0];
  EXPECT_EQ(info.answeredBy, AnsweredBy::kOrigin);
  EXPECT_TRUE(info.complete);
  EXPECT_TRUE(info.proxied);
  EXPECT_EQ(info.failure, http::FailureCause::kNone);
  EXPECT_EQ(info.attempts, 1);
  EXPECT_EQ(info.requestBytes, 3u);
  EXPECT_EQ(info.responseBytes, 5u);
  EXPECT_EQ(info.localPort, 8000);
  EXPECT_FALSE(info.secure);
  EXPECT_EQ(names_, "route-1 service-1 ");
  ASSERT_EQ(attempts_.size(), 1u);
  EXPECT_EQ(attempts_[0].status, 200);
  EXPECT_EQ(addresses_[0], origin_->address().toString());
  EXPECT_FALSE(attempts_[0].reused);
  EXPECT_GE(info.upstreamBegan, info.began);
  EXPECT_GE(info.attempt.answered, info.attempt.connected);
  EXPECT_GE(info.ended, info.answered);
}

TEST_F(ExchangeInfoTest, KeepsEveryAttempt) {
  service_.retries = 1;
  recorder();
  start();
  get();
  for (size_t attempt = 0; attempt < 2; ++attempt) {
    std::string seen;
    ASSERT_TRUE(originHas(attempt, "\r\n\r\n", seen));
    attempt == 0 ? origins_[0].close() : void(origins_[1].send(kOk));
  }
  ASSERT_TRUE(over());
  EXPECT_EQ(infos_[0].attempts, 2);
  EXPECT_EQ(infos_[0].failure, http::FailureCause::kNone);
  ASSERT_EQ(attempts_.size(), 2u);
  EXPECT_EQ(attempts_[0].failure, http::FailureCause::kClosedEarly);
  EXPECT_EQ(attempts_[0].status, 0);
  EXPECT_EQ(attempts_[1].failure, http::FailureCause::kNone);
  EXPECT_EQ(attempts_[1].status, 200);
}

TEST_F(ExchangeInfoTest, NamesTheFilterThatAnswers) {
  TestFilter& guard = plugin();
  plan_.entries.back().name = "guard";
  guard.request = [](Exchange& exchange) {
    exchange.replyError(403, "not you");
    return Action::kPause;
  };
  recorder();
  start();
  get();
  ASSERT_TRUE(over());
  EXPECT_EQ(infos_[0].answeredBy, AnsweredBy::kFilter);
  EXPECT_EQ(names_, "route-1 service-1 guard");
  EXPECT_EQ(infos_[0].attempts, 0);
  EXPECT_EQ(http::nameOf(infos_[0].answeredBy), "filter");
}

TEST_F(ExchangeInfoTest, TellsTheGatewaysAnswersFromTheOrigins) {
  recorder();
  service_.retries = 0;
  start();
  get("/nowhere");
  ASSERT_TRUE(over());
  EXPECT_EQ(infos_[0].answeredBy, AnsweredBy::kGateway);
  EXPECT_FALSE(infos_[0].proxied);
  get();
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].close();
  ASSERT_TRUE(over(2));
  EXPECT_EQ(infos_[1].answeredBy, AnsweredBy::kGateway);
  EXPECT_TRUE(infos_[1].proxied);
  EXPECT_EQ(infos_[1].failure, http::FailureCause::kClosedEarly);
}

TEST_F(ExchangeInfoTest, RequestsThatTheEngineRefusesAreLogged) {
  recorder();
  int listener = 0;
  before().log = [&](Exchange& exchange) {
    EXPECT_GE(exchange.response().status, 400);
    ++listener;
  };
  start();
  size_t count = 0;
  for (const char* request : {"TRACE /api HTTP/1.1\r\nHost: a\r\n\r\n",  // before routing
                              "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",    // a path that is none
                              "nonsense\r\n\r\n"}) {                     // not even a head
    client_ = Peer::connect(proxy_->address());
    client_.send(request);
    ASSERT_TRUE(over(++count)) << request;
    EXPECT_EQ(infos_.back().answeredBy, AnsweredBy::kEngine) << request;
    EXPECT_TRUE(infos_.back().complete) << request;
    EXPECT_EQ(infos_.back().clientIp.size(), 9u) << request;
  }
  EXPECT_EQ(listener, 3);
  EXPECT_TRUE(origins_.empty());
}

TEST_F(ExchangeInfoTest, AConsumerThatIsRefusedIsLoggedByItsFilters) {
  const http::Consumer alice{"alice-id", "alice", "", {}, true};
  before().request = [&](Exchange& exchange) {
    exchange.setConsumer(&alice, "credential");
    exchange.replyError(429, "too many");
    return Action::kPause;
  };
  TestFilter& everybodys = plugin();
  TestFilter& alices = *filters_.emplace_back(std::make_unique<TestFilter>());
  everybodys.log = [this](Exchange&) { calls_ += "everybody's "; };
  alices.log = [this](Exchange& exchange) {
    calls_ += std::string(exchange.info().consumer->username) + " " +
              std::to_string(exchange.response().status);
  };
  plan_.entries.back().variants["alice-id"] = &alices;
  start();
  get();
  ASSERT_TRUE(clientHas("too many"));
  EXPECT_EQ(calls_, "alice 429");
}

TEST_F(ExchangeInfoTest, AClientThatLeavesIsAnsweredByNobody) {
  recorder();
  start();
  get();
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  client_.reset();
  ASSERT_TRUE(over());
  EXPECT_EQ(infos_[0].answeredBy, AnsweredBy::kNobody);
  EXPECT_FALSE(infos_[0].complete);
}

TEST_F(ExchangeInfoTest, NothingOfARequestIsLeftForTheNext) {
  const http::Consumer alice{"alice-id", "alice", "", {}, true};
  bool first = true;
  std::string before;
  recorder().request = [&](Exchange& exchange) {
    before = std::string(exchange.actor()) + std::string(exchange.credentialId()) +
             (exchange.consumer() != nullptr ? "consumer" : "") + std::string(exchange.query());
    if (!first) return Action::kContinue;
    first = false;
    exchange.setConsumer(&alice, "credential");
    exchange.setActor("admin");
    exchange.setLoggedTarget("/hidden");
    exchange.setQuery("a=b");
    exchange.replyError(403, "not you");
    return Action::kPause;
  };
  start();
  get();
  ASSERT_TRUE(over());
  EXPECT_EQ(infos_[0].consumer, &alice);
  get();
  ASSERT_TRUE(originAnswers(kOk));
  ASSERT_TRUE(over(2));
  EXPECT_EQ(before, "");
  const http::ExchangeInfo& info = infos_[1];
  EXPECT_EQ(info.consumer, nullptr);
  EXPECT_TRUE(info.loggedTarget.empty());
  EXPECT_TRUE(info.filter.empty());
  EXPECT_EQ(info.answeredBy, AnsweredBy::kOrigin);
}

TEST_F(ExchangeInfoTest, AHookThatHasAnsweredMayGoOn) {
  recorder().request = [this](Exchange& exchange) {
    exchange.replyError(403, "not you");
    calls_ += std::string(exchange.request().method) + " " +
              std::to_string(exchange.response().status) + " " + std::string(exchange.clientIp());
    EXPECT_EQ(exchange.pauseHandle().get(), nullptr) << "there is nothing left to resume";
    exchange.replyError(500, "again");  // has no effect
    return Action::kPause;
  };
  start();
  get();
  ASSERT_TRUE(clientHas("not you"));
  EXPECT_EQ(calls_, "GET 403 127.0.0.1");
  EXPECT_EQ(infos_.size(), 1u) << "told before the answer goes out";
  EXPECT_EQ(answer_.find("again"), std::string::npos);
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(ExchangeInfoTest, RequestsInARowDoNotPileUp) {
  size_t most = 0;
  recorder().request = [&](Exchange& exchange) {
    most = std::max(most, worker_.exchangesInUse());
    exchange.reply(200, "text/plain", "x");
    return Action::kPause;
  };
  start();
  constexpr size_t kRequests = 200;
  std::string all;
  for (size_t i = 0; i < kRequests; ++i) all += "GET /api HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(client_.send(all), all.size());
  ASSERT_TRUE(over(kRequests));
  EXPECT_EQ(most, 1u);
}

}  // namespace
}  // namespace tollgate::proxy
