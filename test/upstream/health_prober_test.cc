#include "source/upstream/health_prober.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/net/listener.h"

namespace tollgate::upstream {
namespace {

using event::Millis;

/// A server that answers probes with given bytes, in the loop of the test.
class ProbeTest : public testing::Test {
 protected:
  ProbeTest() {
    auto opened = net::Listener::open(loop_, *net::Address::parse("127.0.0.1", 0), {},
                                      [this](int fd, const net::Address&) {
                                        fds_.push_back(fd);
                                        ++accepted_;
                                      });
    listener_ = std::move(opened).value();
    spec_.name = "up";
    spec_.active.timeout = Millis(200);
    spec_.active.healthyInterval = spec_.active.unhealthyInterval = Millis(15);
    spec_.active.limits.successes = spec_.active.limits.tcpFailures = 1;
    spec_.active.limits.httpFailures = spec_.active.limits.timeouts = 1;
    spec_.active.limits.healthyStatuses[200] = true;
    spec_.active.limits.unhealthyStatuses[500] = true;
    spec_.targets.push_back({"t", "127.0.0.1", listener_->address().port(), 100});
    endpoint_ = std::make_shared<Endpoint>(listener_->address(), "127.0.0.1", 1);
  }
  ~ProbeTest() override {
    for (int fd : fds_) ::close(fd);
    loop_.runOnce(Millis(0));
  }
  std::shared_ptr<const Cluster> cluster() {
    Cluster::Parts parts;
    parts.spec = std::make_shared<ClusterSpec>(spec_);
    parts.members.push_back({endpoint_, spec_.targets[0].weight, 0, false});
    parts.names.push_back({"A", ""});
    parts.health = std::make_shared<HealthEpoch>();
    return std::make_shared<const Cluster>(std::move(parts));
  }
  void serve() {
    for (int& fd : fds_) {
      char bytes[4096];
      ssize_t got = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (got > 0) {
        seen_.assign(bytes, static_cast<size_t>(got));
        if (!answer_.empty()) ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      }
      if (got == 0 || (got > 0 && closeAfter_)) {
        ::close(fd);
        fd = -1;
      }
    }
    std::erase(fds_, -1);
  }
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (event::Clock::now() > deadline) return false;
      serve();
      loop_.runOnce(Millis(2));
    }
    return true;
  }
  bool healthy() const { return endpoint_->health.healthy(); }

  event::EventLoop loop_;
  buffer::SlabPool slabs_;
  net::ConnectionRules rules_;
  ProbeTls tls_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<int> fds_;
  int accepted_ = 0;
  std::string answer_ = "HTTP/1.1 200 OK\r\n\r\n", seen_;
  bool closeAfter_ = false;
  ClusterSpec spec_;
  std::shared_ptr<Endpoint> endpoint_;
};

TEST_F(ProbeTest, AsksAsConfigured) {
  spec_.active.path = "/up?x=1";
  spec_.active.headers = {{"X-Probe", "1"}, {"X-Probe", "2"}};
  spec_.hostHeader = "api.test";
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  ASSERT_TRUE(until([&] { return !seen_.empty(); }));
  EXPECT_EQ(seen_, "GET /up?x=1 HTTP/1.0\r\nX-Probe: 1\r\nX-Probe: 2\r\nHost: api.test\r\n\r\n");
}

TEST_F(ProbeTest, FollowsTheStatus) {
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  answer_ = "HTTP/1.1 500 Oops\r\n";
  ASSERT_TRUE(until([&] { return !healthy(); }));
  answer_ = "HTTP/1.0 200\r\n";
  ASSERT_TRUE(until([&] { return healthy(); }));
  answer_ = "SSH-2.0-x\r\n";
  ASSERT_TRUE(until([&] { return !healthy(); })) << "not HTTP is an HTTP failure";
}

TEST_F(ProbeTest, ARefusedConnectionIsAFailureAndComingBackASuccess) {
  HealthProber prober(loop_, slabs_, rules_, tls_);
  const net::Address address = listener_->address();
  listener_.reset();
  prober.use(cluster());
  ASSERT_TRUE(until([&] { return !healthy(); }));
  auto again = net::Listener::open(loop_, address, {},
                                   [this](int fd, const net::Address&) { fds_.push_back(fd); });
  ASSERT_TRUE(again.ok());
  listener_ = std::move(again).value();
  ASSERT_TRUE(until([&] { return healthy(); }));
}

TEST_F(ProbeTest, SilenceIsATimeout) {
  spec_.active.timeout = Millis(20);
  spec_.active.limits.tcpFailures = 0;
  answer_.clear();
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  ASSERT_TRUE(until([&] { return !healthy(); }));
}

TEST_F(ProbeTest, ClosingBeforeTheStatusIsATcpFailure) {
  answer_ = "HTTP/1.1 20";
  closeAfter_ = true;
  spec_.active.limits.httpFailures = 0;
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  ASSERT_TRUE(until([&] { return !healthy(); }));
}

TEST_F(ProbeTest, AConnectionIsEnoughWhereNoHttpIsSpoken) {
  spec_.active.type = ActiveChecks::Type::kConnect;
  endpoint_->health.set(false);
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  ASSERT_TRUE(until([&] { return healthy(); }));
}

TEST_F(ProbeTest, OnlyTheStateWithAnIntervalIsProbed) {
  spec_.active.healthyInterval = Millis(0);
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  auto end = event::Clock::now() + Millis(80);
  until([&] { return event::Clock::now() > end; });
  EXPECT_EQ(accepted_, 0) << "it is healthy";
  endpoint_->health.set(false);
  ASSERT_TRUE(until([&] { return healthy(); }));
}

TEST_F(ProbeTest, WithoutWeightThereIsNoProbe) {
  spec_.targets[0].weight = 0;
  HealthProber prober(loop_, slabs_, rules_, tls_);
  prober.use(cluster());
  auto end = event::Clock::now() + Millis(80);
  until([&] { return event::Clock::now() > end; });
  EXPECT_EQ(accepted_, 0);
}

TEST_F(ProbeTest, EndsWithProbesUnderWay) {
  answer_.clear();
  auto prober = std::make_unique<HealthProber>(loop_, slabs_, rules_, tls_);
  prober->use(cluster());
  ASSERT_TRUE(until([&] { return accepted_ > 0; }));
  EXPECT_EQ(prober->underWay(), 1u) << "an endpoint is asked once at a time";
  prober.reset();
  for (int i = 0; i < 10; ++i) loop_.runOnce(Millis(1));
  EXPECT_TRUE(healthy());
}

TEST(Probe, ReadsStatusLines) {
  EXPECT_EQ(statusOfLine("HTTP/1.1 200 OK\r"), 200);
  EXPECT_EQ(statusOfLine("HTTP/1.0 503"), 503);
  for (const char* bad : {"", "HTTP/", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/11 200",
                          "http/1.1 200", "HTTP/1.1  200", "HTTP/x.1 200"}) {
    EXPECT_EQ(statusOfLine(bad), 0) << bad;
  }
}

}  // namespace
}  // namespace tollgate::upstream
