#include "source/http/failure.h"

#include "source/proxy/failure_log.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

using http::FailureCause;
using http::FailurePhase;

class Lines final : public http::OperatorLog {
 public:
  void warn(std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

class Records final : public http::AccessSink {
 public:
  void write(const http::AccessRecord& record) override { failures.push_back(record.failure); }
  std::vector<FailureCause> failures;
};

class FailureTest : public ProxyTest {
 protected:
  FailureTest() {
    worker_.failureLog = &log_;
    worker_.accessLog = &records_;
    service_.name = "orders";
    service_.retries = 0;
  }
  /// Asks once; the origin does with the request what `origin` says.
  void ask(std::function<void(Peer& origin)> origin = {}) {
    client_ = Peer::connect(proxy_->address());
    client_.send("GET /api HTTP/1.1\r\nHost: h\r\n\r\n");
    if (origin) {
      std::string seen;
      const size_t index = origins_.size();
      ASSERT_TRUE(originHas(index, "\r\n\r\n", seen));
      origin(origins_[index]);
    }
    ASSERT_TRUE(until([&] { return !records_.failures.empty(); }));
  }
  void expectTold(FailureCause cause, std::initializer_list<std::string_view> parts) {
    ASSERT_EQ(lines_.lines.size(), 1u);
    EXPECT_EQ(records_.failures.back(), cause) << http::nameOf(records_.failures.back());
    for (std::string_view part : parts) {
      EXPECT_NE(lines_.lines[0].find(part), std::string::npos) << lines_.lines[0];
    }
    EXPECT_NE(lines_.lines[0].find(http::nameOf(cause)), std::string::npos) << lines_.lines[0];
  }

  Lines lines_;
  Records records_;
  FailureLog log_{lines_, std::chrono::seconds(30)};
};

TEST_F(FailureTest, ARefusedConnectionIsToldWithServiceTargetPhaseAndCause) {
  const std::string target = origin_->address().toString();
  origin_.reset();
  ask();
  expectTold(FailureCause::kRefused,
             {"service orders", target, "refused", "connecting", "answered 502", "request "});
}

TEST_F(FailureTest, AnOriginThatClosesWithoutAnAnswerIsTold) {
  ask([](Peer& origin) { origin.close(); });
  expectTold(FailureCause::kClosedEarly, {"waiting for the response", "answered 502"});
}

TEST_F(FailureTest, AResetIsToldApartFromAnOrderlyEnd) {
  ask([](Peer& origin) { origin.reset(); });
  expectTold(FailureCause::kReset, {"answered 502"});
}

TEST_F(FailureTest, WhatIsNoHttpIsTold) {
  ask([](Peer& origin) { origin.send("nonsense\r\n\r\n"); });
  expectTold(FailureCause::kInvalidResponse, {"answered 502"});
}

TEST_F(FailureTest, ASilentOriginIsTold) {
  service_.readTimeout = Millis(50);
  publish();
  ask([](Peer&) {});
  expectTold(FailureCause::kReadTimedOut, {"waiting for the response", "answered 504"});
}

TEST_F(FailureTest, AResponseThatIsCutShortIsTold) {
  ask([](Peer& origin) {
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    origin.close();
  });
  expectTold(FailureCause::kClosedEarly, {"reading the response", "cut short"});
}

TEST_F(FailureTest, WhatIsAnsweredAfterARetryIsNoFailure) {
  service_.retries = 1;
  publish();
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: h\r\n\r\n");
  std::string first, second;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", first));
  origins_[0].close();
  ASSERT_TRUE(originHas(1, "\r\n\r\n", second));
  origins_[1].send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(clientHas("200 OK"));
  ASSERT_TRUE(until([&] { return !records_.failures.empty(); }));
  EXPECT_EQ(records_.failures[0], FailureCause::kNone);
  EXPECT_TRUE(lines_.lines.empty()) << lines_.lines[0];
}

TEST_F(FailureTest, TheSameTroubleIsToldOnce) {
  origin_.reset();
  for (int i = 0; i < 5; ++i) {
    records_.failures.clear();
    ask();
    EXPECT_EQ(records_.failures.back(), FailureCause::kRefused);
  }
  EXPECT_EQ(lines_.lines.size(), 1u);
}

TEST(FailureLog, TellsLaterHowManyWereLeftOut) {
  Lines lines;
  FailureLog log(lines, std::chrono::seconds(30));
  FailureLog::Failure failure;
  failure.cause = FailureCause::kNameUnknown;
  failure.phase = FailurePhase::kResolving;
  failure.service = "orders";
  failure.host = "nope.invalid";
  failure.port = 80;
  failure.status = 503;
  for (int i = 0; i < 3; ++i) log.write(failure, Damper::Clock::time_point{});
  ASSERT_EQ(lines.lines.size(), 1u);
  EXPECT_NE(lines.lines[0].find("nope.invalid:80"), std::string::npos) << lines.lines[0];
  log.write(failure, Damper::Clock::time_point{} + std::chrono::seconds(30));
  ASSERT_EQ(lines.lines.size(), 2u);
  EXPECT_NE(lines.lines[1].find("2 more like this one"), std::string::npos) << lines.lines[1];
}

TEST(FailureCause, IsFoundInTheWordsOfWhoHasMetTheError) {
  const struct {
    FailurePhase phase;
    const char* detail;
    FailureCause cause;
  } kCases[] = {
      {FailurePhase::kConnecting, "connection refused", FailureCause::kRefused},
      {FailurePhase::kConnecting, "host or network unreachable", FailureCause::kUnreachable},
      {FailurePhase::kConnecting, "connect timeout", FailureCause::kConnectTimedOut},
      {FailurePhase::kConnecting, "connect timed out", FailureCause::kConnectTimedOut},
      {FailurePhase::kConnecting, "connect failed", FailureCause::kConnectFailed},
      {FailurePhase::kConnecting, "no socket", FailureCause::kNoSocket},
      {FailurePhase::kConnecting, "closed during the handshake", FailureCause::kTls},
      {FailurePhase::kConnecting, "tls: the peer's certificate has expired",
       FailureCause::kCertificate},
      {FailurePhase::kConnecting, "tls: the peer refused the handshake (alert)",
       FailureCause::kTls},
      {FailurePhase::kConnecting, "tls: connection reset by peer", FailureCause::kReset},
      {FailurePhase::kSending, "timeout", FailureCause::kSendTimedOut},
      {FailurePhase::kSending, "connection reset by peer", FailureCause::kReset},
      {FailurePhase::kWaiting, "timeout", FailureCause::kReadTimedOut},
      {FailurePhase::kWaiting, "closed before the response", FailureCause::kClosedEarly},
      {FailurePhase::kReading, "tls: truncated: closed without close_notify",
       FailureCause::kClosedEarly},
      {FailurePhase::kReading, "response head too large", FailureCause::kInvalidResponse},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(http::nameOf(http::causeOf(each.phase, each.detail)), http::nameOf(each.cause))
        << each.detail;
  }
}

}  // namespace
}  // namespace tollgate::proxy
