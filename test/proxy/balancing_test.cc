// Requests over the targets of an upstream: real sockets, one loop, the registry in between.
#include <map>

#include "source/proxy/hash_input.h"
#include "source/upstream/cluster_registry.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

using upstream::Algorithm;
using upstream::ClusterSpec;
using upstream::HashInput;

/// An origin that answers every request at once, and says who it is.
class AnsweringOrigin {
 public:
  AnsweringOrigin(EventLoop& loop, int number) : number_(number) {
    auto opened = net::Listener::open(
        loop, *net::Address::parse("127.0.0.1", 0), {},
        [this](int fd, const net::Address&) { peers_.emplace_back(Peer(fd), ""); });
    listener_ = std::move(opened).value();
  }
  uint16_t port() const { return listener_->address().port(); }
  void poll() {
    for (auto& [peer, seen] : peers_) {
      peer.read(seen);
      const size_t end = seen.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      last = seen.substr(0, end + 4);
      ++requests;
      seen.erase(0, end + 4);
      if (silent) continue;
      peer.send("HTTP/1.1 " + std::to_string(status) +
                " X\r\nX-Upstream: " + std::to_string(number_) + "\r\nContent-Length: 0\r\n\r\n");
    }
  }
  /// Ends what is open, as a server that is killed does; refuses from now on.
  void kill() {
    for (auto& [peer, seen] : peers_) peer.close();
    peers_.clear();
    listener_.reset();
  }

  int requests = 0;
  int status = 200;
  bool silent = false;
  std::string last;

 private:
  int number_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::pair<Peer, std::string>> peers_;
};

class BalancingTest : public ProxyTest {
 protected:
  BalancingTest() {
    registry_.addWorker(loop_, worker_.clusters);
    spec_.name = "up";
    spec_.id = "upstream-1";
    service_.host = "up";
    service_.literal = {};
    service_.path.clear();
    service_.poolKey = "tcp|";
  }
  ~BalancingTest() override { servers_.clear(); }

  AnsweringOrigin& server() {
    servers_.push_back(std::make_unique<AnsweringOrigin>(loop_, static_cast<int>(servers_.size())));
    return *servers_.back();
  }
  uint16_t deadPort() {
    auto& dead = server();
    uint16_t port = dead.port();
    dead.kill();
    return port;
  }
  void target(uint16_t port, uint32_t weight = 100, const std::string& host = "127.0.0.1") {
    spec_.targets.push_back({"t" + std::to_string(spec_.targets.size()), host, port, weight});
  }
  /// Makes the specification and the service live.
  void put() {
    registry_.put(std::make_shared<ClusterSpec>(spec_));
    service_.cluster = registry_.find("up");
    loop_.runOnce(Millis(0));
  }
  /// Sends a request on a connection of its own and returns the whole answer.
  std::string ask(const std::string& headers = "", const std::string& path = "/api") {
    begin(headers, path);
    return finish();
  }
  void begin(const std::string& headers = "", const std::string& path = "/api") {
    client_ = Peer::connect(proxy_->address());
    client_.send("GET " + path + " HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n" +
                 headers + "\r\n");
  }
  std::string finish() {
    std::string answer;
    EXPECT_TRUE(until([&] {
      for (auto& each : servers_) each->poll();
      return !client_.read(answer);
    })) << answer;
    return answer;
  }
  static int statusOf(const std::string& answer) { return std::atoi(answer.c_str() + 9); }
  static int upstreamOf(const std::string& answer) {
    size_t at = answer.find("X-Upstream: ");
    return at == std::string::npos ? -1 : std::atoi(answer.c_str() + at + 12);
  }
  bool healthy(size_t target) {
    auto health = registry_.health("up", {});
    return health->targets[target].addresses.at(0).healthy;
  }
  uint32_t active() {
    uint32_t sum = 0;
    const auto& cluster = worker_.clusters.find(service_.cluster->slot)->cluster();
    for (uint32_t i = 0; i < cluster.members().size(); ++i) sum += cluster.load(i, 0).active;
    return sum;
  }

  upstream::ClusterRegistry registry_{1};
  ClusterSpec spec_;
  std::vector<std::unique_ptr<AnsweringOrigin>> servers_;
};

TEST_F(BalancingTest, SpreadsByWeightAndNamesTheTarget) {
  target(server().port(), 200);
  target(server().port(), 100);
  put();
  std::map<int, int> counts;
  for (int i = 0; i < 9; ++i) ++counts[upstreamOf(ask())];
  EXPECT_EQ(counts, (std::map<int, int>{{0, 6}, {1, 3}}));
  std::string host = "Host: 127.0.0.1:" + std::to_string(servers_[0]->port()) + "\r\n";
  EXPECT_NE(servers_[0]->last.find(host), std::string::npos) << servers_[0]->last;
  EXPECT_EQ(active(), 0u);
}

TEST_F(BalancingTest, HostHeaderOfTheUpstreamOverridesTargets) {
  auto& origin = server();
  target(origin.port());
  spec_.hostHeader = "api.test";
  put();
  ask();
  std::string port = std::to_string(origin.port());
  EXPECT_NE(origin.last.find("Host: api.test:" + port + "\r\n"), std::string::npos) << origin.last;
  spec_.hostHeader = "api.test:81";
  put();
  ask();
  EXPECT_NE(origin.last.find("Host: api.test:81\r\n"), std::string::npos) << origin.last;
  route_.preserveHost = true;
  ask();
  EXPECT_NE(origin.last.find("Host: client.test\r\n"), std::string::npos) << origin.last;
}

TEST_F(BalancingTest, AFailedAttemptGoesToAnotherTargetAndCounts) {
  target(deadPort());
  target(server().port());
  spec_.passive.tcpFailures = 2;
  put();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(statusOf(ask()), 200) << i;
  EXPECT_FALSE(healthy(0)) << "two failures that were retried";
  EXPECT_TRUE(healthy(1));
  EXPECT_EQ(active(), 0u);
}

TEST_F(BalancingTest, TheLastFailureCountsAsItsStatus) {
  target(deadPort());
  service_.retries = 0;
  spec_.passive.tcpFailures = 1;
  put();
  EXPECT_EQ(statusOf(ask()), 502);
  EXPECT_TRUE(healthy(0)) << "a refused connection on the last try is no TCP failure";
  spec_.passive.httpFailures = 1;
  spec_.passive.unhealthyStatuses[502] = true;
  put();
  EXPECT_EQ(statusOf(ask()), 502);
  EXPECT_FALSE(healthy(0));
  std::string answer = ask();
  EXPECT_EQ(statusOf(answer), 503);
  EXPECT_NE(answer.find("failure to get a peer from the ring-balancer"), std::string::npos);
}

TEST_F(BalancingTest, TimeoutsCountWhetherRetriedOrNot) {
  auto& origin = server();
  origin.silent = true;
  target(origin.port());
  service_.retries = 1;
  service_.readTimeout = Millis(30);
  spec_.passive.timeouts = 2;
  put();
  EXPECT_EQ(statusOf(ask()), 504);
  EXPECT_EQ(origin.requests, 2);
  EXPECT_FALSE(healthy(0));
  EXPECT_EQ(active(), 0u);
}

TEST_F(BalancingTest, StatusesOfAnswersCount) {
  auto& origin = server();
  target(origin.port());
  spec_.passive.httpFailures = 3;
  spec_.passive.successes = 1;
  spec_.passive.unhealthyStatuses[500] = true;
  spec_.passive.healthyStatuses[200] = true;
  put();
  for (int status : {500, 500, 200, 500, 404, 500}) {
    origin.status = status;
    EXPECT_EQ(statusOf(ask()), status);
  }
  EXPECT_TRUE(healthy(0)) << "a success in between clears the failures";
  origin.status = 500;
  ask();
  EXPECT_FALSE(healthy(0));
}

TEST_F(BalancingTest, WithoutTargetsThereIsNoPeer) {
  put();
  std::string answer = ask();
  EXPECT_EQ(statusOf(answer), 503);
  EXPECT_NE(answer.find("failure to get a peer from the ring-balancer"), std::string::npos);
  target(server().port(), 0);
  put();
  EXPECT_EQ(statusOf(ask()), 503) << "weight 0 gets no traffic";
}

TEST_F(BalancingTest, RetriesEndWhereNoTargetIsLeft) {
  target(deadPort());
  target(deadPort());
  service_.retries = 5;
  spec_.algorithm = Algorithm::kLatency;
  put();
  EXPECT_EQ(statusOf(ask()), 503) << "latency does not ask the same twice";
  spec_.algorithm = Algorithm::kRoundRobin;
  put();
  EXPECT_EQ(statusOf(ask()), 502);
}

TEST_F(BalancingTest, ManyRetriesDoNotPileUp) {
  target(deadPort());
  service_.retries = 32767;
  put();
  EXPECT_EQ(statusOf(ask()), 502);
}

TEST_F(BalancingTest, AHeaderDecidesTheTarget) {
  for (int i = 0; i < 4; ++i) target(server().port());
  spec_.algorithm = Algorithm::kConsistentHashing;
  spec_.hashOn = {HashInput::Kind::kHeader, "X-User"};
  put();
  std::map<int, int> users;
  for (int user = 0; user < 20; ++user) {
    const std::string header = "X-User: user-" + std::to_string(user) + "\r\n";
    const int chosen = upstreamOf(ask(header));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(upstreamOf(ask(header)), chosen);
    ++users[chosen];
  }
  EXPECT_GT(users.size(), 2u);
}

TEST_F(BalancingTest, TheFallbackDecidesWhereTheFirstIsMissing) {
  for (int i = 0; i < 4; ++i) target(server().port());
  spec_.algorithm = Algorithm::kConsistentHashing;
  spec_.hashOn = {HashInput::Kind::kHeader, "X-User"};
  spec_.hashFallback = {HashInput::Kind::kQueryArg, "u"};
  put();
  std::map<int, int> users;
  for (int user = 0; user < 12; ++user) {
    const std::string value = "user-" + std::to_string(user);
    const int chosen = upstreamOf(ask("", "/api?u=" + value));
    EXPECT_EQ(upstreamOf(ask("X-User: " + value + "\r\n")), chosen) << "the same value";
    ++users[chosen];
  }
  EXPECT_GT(users.size(), 1u);
}

TEST_F(BalancingTest, ACookieIsHandedOutAndKeptTo) {
  for (int i = 0; i < 4; ++i) target(server().port());
  spec_.algorithm = Algorithm::kConsistentHashing;
  spec_.hashOn = {HashInput::Kind::kCookie, "session"};
  spec_.cookiePath = "/shop";
  put();
  std::string answer = ask();
  size_t at = answer.find("Set-Cookie: session=");
  ASSERT_NE(at, std::string::npos) << answer;
  std::string line = answer.substr(at + 12, answer.find("\r\n", at) - at - 12);
  std::string cookie = line.substr(0, line.find(';'));
  EXPECT_EQ(line, cookie + "; Path=/shop; Same-Site=Lax; HttpOnly");
  EXPECT_EQ(cookie.size(), 8 + 36u);
  for (int i = 0; i < 5; ++i) {
    std::string again = ask("Cookie: other=1; " + cookie + "\r\n");
    EXPECT_EQ(upstreamOf(again), upstreamOf(answer));
    EXPECT_EQ(again.find("Set-Cookie"), std::string::npos);
  }
}

TEST_F(BalancingTest, ARequestWaitsForNamesThatAreNotResolvedYet) {
  auto& origin = server();
  target(origin.port(), 100, "a.test");
  put();
  begin();
  for (int i = 0; i < 5; ++i) loop_.runOnce(Millis(1));
  EXPECT_EQ(worker_.exchangesInUse(), 1u);
  net::NameRecords records;
  records.type = net::NameRecords::Type::kA;
  records.ttl = std::chrono::seconds(60);
  records.records.push_back({*net::Address::parse("127.0.0.1", 0), "", 0});
  registry_.onRecords("a.test", records);
  EXPECT_EQ(statusOf(finish()), 200);
  EXPECT_NE(origin.last.find("Host: a.test:" + std::to_string(origin.port())), std::string::npos);
}

TEST_F(BalancingTest, ANameWithoutAnAddressIsNoPeer) {
  target(80, 100, "a.test");
  put();
  begin();
  loop_.runOnce(Millis(1));
  net::NameRecords records;
  records.error = "dns server error: 3 name error";
  records.missing = true;
  registry_.onRecords("a.test", records);
  EXPECT_EQ(statusOf(finish()), 503);
}

TEST_F(BalancingTest, ARequestUnderWayOutlivesItsUpstream) {
  auto& origin = server();
  origin.silent = true;
  target(origin.port());
  spec_.algorithm = Algorithm::kLeastConnections;
  put();
  begin();
  ASSERT_TRUE(until([&] {
    origin.poll();
    return origin.requests == 1;
  }));
  EXPECT_EQ(active(), 1u);
  registry_.remove("up");
  loop_.runOnce(Millis(1));
  EXPECT_EQ(worker_.clusters.find(service_.cluster->slot), nullptr);
  client_.reset();
  ASSERT_TRUE(until([&] { return worker_.exchangesInUse() == 0; }));
  registry_.put(std::make_shared<ClusterSpec>(spec_));
  loop_.runOnce(Millis(1));
  EXPECT_EQ(active(), 0u) << "the endpoint is the same one";
}

TEST_F(BalancingTest, AServerThatComesBackIsUsedAgain) {
  auto& first = server();
  auto& second = server();
  target(first.port());
  target(second.port());
  spec_.passive.tcpFailures = 1;
  put();
  first.kill();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(upstreamOf(ask()), 1);
  EXPECT_FALSE(healthy(0));
  ASSERT_TRUE(registry_.setHealth("up", "t0", "", true).ok());
  EXPECT_TRUE(healthy(0));
}

TEST(HashInputs, JoinHeaders) {
  Arena arena;
  http::HeaderMap headers(arena);
  EXPECT_EQ(headerHashInput(headers, "x"), std::nullopt);
  headers.add("X", "1");
  EXPECT_EQ(headerHashInput(headers, "x"), "1");
  headers.add("x", "2");
  EXPECT_EQ(headerHashInput(headers, "X"), "1, 2");
}

TEST(HashInputs, FindCookies) {
  Arena arena;
  http::HeaderMap headers(arena);
  headers.add("Cookie", "a=1; bb = 2;b=3 ; =4;;c");
  headers.add("Cookie", "d=5");
  EXPECT_EQ(cookieHashInput(headers, "b"), "3");
  EXPECT_EQ(cookieHashInput(headers, "bb"), "2");
  EXPECT_EQ(cookieHashInput(headers, "d"), "5");
  EXPECT_EQ(cookieHashInput(headers, "c"), std::nullopt);
}

TEST(HashInputs, ReadArguments) {
  Arena arena;
  EXPECT_EQ(queryHashInput(arena, "", "a"), std::nullopt);
  EXPECT_EQ(queryHashInput(arena, "b=1", "a"), std::nullopt);
  EXPECT_EQ(queryHashInput(arena, "a", "a"), "true");
  EXPECT_EQ(queryHashInput(arena, "a=", "a"), "");
  EXPECT_EQ(queryHashInput(arena, "a=x%20y+z%zz", "a"), "x y z%zz");
  EXPECT_EQ(queryHashInput(arena, "a=2&b=0&%61=1&a=3", "a"), "1,2,3");
}

}  // namespace
}  // namespace tollgate::proxy
