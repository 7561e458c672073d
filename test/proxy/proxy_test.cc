// The whole way of an exchange over real sockets in one loop: a client, the proxy and an origin.
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

TEST_F(ProxyTest, ForwardsARequestAndItsResponse) {
  client_ = Peer::connect(proxy_->address());
  client_.send(
      "GET /api/x?q=1 HTTP/1.1\r\nHost: a.test\r\nConnection: x-drop\r\nX-Drop: 1\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_EQ(seen.substr(0, seen.find("\r\n")), "GET /base/x?q=1 HTTP/1.1");
  EXPECT_NE(seen.find("X-Forwarded-For: 127.0.0.1\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("X-Forwarded-Prefix: /api\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("X-Drop"), std::string::npos) << seen;
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: me\r\n\r\nhello");
  ASSERT_TRUE(clientHas("hello"));
  EXPECT_EQ(answer_.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_NE(answer_.find("Server: me\r\n"), std::string::npos) << answer_;
  EXPECT_NE(answer_.find("X-Kong-Upstream-Latency: "), std::string::npos) << answer_;
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(ProxyTest, ReusesBothConnections) {
  client_ = Peer::connect(proxy_->address());
  for (int i = 0; i < 3; ++i) {
    client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string seen;
    ASSERT_TRUE(originHas(0, "\r\n\r\n", seen)) << i;
    origins_[0].send("HTTP/1.1 204 No Content\r\n\r\n");
    answer_.clear();
    ASSERT_TRUE(clientHas("\r\n\r\n")) << i;
  }
  EXPECT_EQ(origins_.size(), 1u);
  EXPECT_EQ(worker_.slabs.inUse(), 0u) << "an idle connection holds no slab";
}

TEST_F(ProxyTest, AnswersPipelinedRequestsInOrder) {
  client_ = Peer::connect(proxy_->address());
  client_.send(
      "GET /none1 HTTP/1.1\r\nHost: a\r\n\r\nGET /api HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /none2 HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(until([&] {
    client_.read(answer_);
    size_t count = 0;
    for (size_t at = 0; (at = answer_.find("HTTP/1.1 ", at)) != std::string::npos; ++at) ++count;
    return count == 3 && answer_.ends_with("}");
  })) << answer_;
  EXPECT_LT(answer_.find("404"), answer_.find("200 OK"));
  EXPECT_GT(answer_.rfind("404"), answer_.find("200 OK"));
}

TEST_F(ProxyTest, StreamsALargeBodyBothWaysWithoutHoldingIt) {
  constexpr size_t kBytes = 20 * 1024 * 1024;
  client_ = Peer::connect(proxy_->address());
  client_.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBytes) +
               "\r\n\r\n");
  std::string chunk(65536, 'x'), seen;
  size_t sent = 0, highest = 0;
  size_t stalled = 0;
  // The origin does not read yet: what the proxy holds must stay bounded.
  ASSERT_TRUE(until([&] {
    size_t n =
        client_.send(std::string_view(chunk).substr(0, std::min(chunk.size(), kBytes - sent)));
    sent += n;
    highest = std::max(highest, worker_.slabs.inUse());
    stalled = n == 0 ? stalled + 1 : 0;
    return stalled > 50;
  }));
  EXPECT_LT(sent, kBytes);
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 2u * 1024 * 1024);
  size_t received = 0;
  bool head = false;
  ASSERT_TRUE(until([&] {
    sent += client_.send(std::string_view(chunk).substr(0, std::min(chunk.size(), kBytes - sent)));
    if (origins_.empty()) return false;
    origins_[0].read(seen);
    if (!head && seen.find("\r\n\r\n") != std::string::npos) {
      head = true;
      seen.erase(0, seen.find("\r\n\r\n") + 4);
    }
    if (head) {
      received += seen.size();
      seen.clear();
    }
    return received == kBytes;
  })) << received;
  // And back: the client does not read for a while.
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
  sent = stalled = highest = 0;
  ASSERT_TRUE(until([&] {
    size_t n =
        origins_[0].send(std::string_view(chunk).substr(0, std::min(chunk.size(), kBytes - sent)));
    sent += n;
    highest = std::max(highest, worker_.slabs.inUse());
    stalled = n == 0 ? stalled + 1 : 0;
    return stalled > 50;
  }));
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 2u * 1024 * 1024);
  ASSERT_TRUE(until([&] {
    sent +=
        origins_[0].send(std::string_view(chunk).substr(0, std::min(chunk.size(), kBytes - sent)));
    client_.read(answer_);
    return answer_.size() > kBytes && worker_.exchangesInUse() == 0;
  })) << answer_.size();
}

TEST_F(ProxyTest, SendsTheRequestAgainWhenAKeptConnectionWasStale) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].send("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(clientHas("204"));
  client_.send("GET /api/2 HTTP/1.1\r\nHost: a\r\n\r\n");
  seen.clear();
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].close();
  seen.clear();
  ASSERT_TRUE(originHas(1, "\r\n\r\n", seen));
  EXPECT_NE(seen.find("GET /base/2"), std::string::npos);
  origins_[1].send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(clientHas("200 OK"));
}

TEST_F(ProxyTest, AnswersBadGatewayWhenTheOriginRefuses) {
  origin_->close();
  service_.retries = 1;
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
  ASSERT_TRUE(clientHas("}"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 502");
  EXPECT_NE(answer_.find("An invalid response was received from the upstream server"),
            std::string::npos);
}

TEST_F(ProxyTest, AnswersGatewayTimeoutWhenTheOriginIsSilent) {
  service_.retries = 0;
  service_.readTimeout = Millis(50);
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(clientHas("request_id"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 504");
}

TEST_F(ProxyTest, AnswersMalformedRequestsAndCloses) {
  client_ = Peer::connect(proxy_->address());
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(until([&] { return !client_.read(answer_); }));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 400");
  EXPECT_TRUE(origins_.empty());
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(ProxyTest, CutsTheBodyShortWhenTheOriginDoes) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  ASSERT_TRUE(clientHas("part"));
  origins_[0].close();
  ASSERT_TRUE(until([&] { return !client_.read(answer_); }));
  EXPECT_EQ(worker_.exchangesInUse(), 0u);
}

TEST_F(ProxyTest, ForgetsTheRequestWhenTheClientLeaves) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  client_.reset();
  ASSERT_TRUE(until([&] { return worker_.exchangesInUse() == 0; }));
  ASSERT_TRUE(until([&] { return !origins_[0].read(seen); })) << "the origin is told";
}

TEST_F(ProxyTest, KeepsTheSnapshotThatARequestBeganWith) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  auto empty = std::make_shared<Snapshot>();
  empty->routes = route::RouteTable::build({});
  empty->directory = std::make_shared<EmptyDirectory>();
  worker_.setSnapshot(empty);
  origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(clientHas("ok"));
  answer_.clear();
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(clientHas("no Route matched with those values"));
}

}  // namespace
}  // namespace tollgate::proxy
