// The whole way of an exchange over real sockets in one loop: a client, the proxy and an origin.
#include <set>

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

/// Whether the head has each of the lines.
void expectLines(const std::string& head, std::initializer_list<std::string> lines) {
  for (const std::string& line : lines) {
    EXPECT_NE(head.find("\r\n" + line + "\r\n"), std::string::npos) << line << "\n" << head;
  }
}

TEST_F(ProxyTest, TellsTheOriginTheTruthWhateverTheClientSays) {
  client_ = Peer::connect(proxy_->address());
  client_.send(
      "GET /api HTTP/1.1\r\nHost: A.test:81\r\nx-real-ip: 9.9.9.9\r\nX-FORWARDED-FOR: 9.9.9.9\r\n"
      "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nx-forwarded-host: b\r\n"
      "X-Forwarded-Host: c\r\nX-Forwarded-Path: /other\r\nX-Forwarded-Prefix: /p\r\n"
      "x-forwarded-for: 8.8.8.8, 7.7.7.7\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  expectLines(seen,
              {"X-Real-IP: 127.0.0.1", "X-Forwarded-For: 9.9.9.9, 8.8.8.8, 7.7.7.7, 127.0.0.1",
               "X-Forwarded-Proto: http", "X-Forwarded-Host: a.test", "X-Forwarded-Port: 8000",
               "X-Forwarded-Path: /api", "X-Forwarded-Prefix: /api"});
  size_t fields = 0;
  for (size_t at = 0; (at = seen.find("\r\n", at)) != std::string::npos; ++at) ++fields;
  EXPECT_EQ(fields, 6u + 7u) << "the request line, Host, Via, Connection, an id, the end: " << seen;
}

TEST_F(ProxyTest, BelievesATrustedPeer) {
  settings_.trusted = {*net::AddressRange::parse("127.0.0.0/8")};
  client_ = Peer::connect(proxy_->address());
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Port: 443\r\nX-Forwarded-Host: b\r\nX-Forwarded-Prefix: /p\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  expectLines(seen, {"X-Forwarded-For: 9.9.9.9, 127.0.0.1", "X-Forwarded-Proto: https",
                     "X-Forwarded-Host: b", "X-Forwarded-Port: 443", "X-Forwarded-Path: /api",
                     "X-Forwarded-Prefix: /p"});
}

TEST_F(ProxyTest, TheLastWordOnTheClientIsTheTrustedPeersWhereverItStands) {
  settings_.trusted = {*net::AddressRange::parse("127.0.0.0/8")};
  settings_.realIpHeader = "X-Forwarded-For";
  client_ = Peer::connect(proxy_->address());
  // The first field is the client's own, the second the peer's.
  client_.send(
      "GET /api HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: "
      "9.9.9.9\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  expectLines(seen, {"X-Real-IP: 9.9.9.9", "X-Forwarded-For: 6.6.6.6, 9.9.9.9, 127.0.0.1"});
}

TEST_F(ProxyTest, FindsTheClientHoweverItsAddressIsWritten) {
  settings_.trusted = {*net::AddressRange::parse("127.0.0.0/8"),
                       *net::AddressRange::parse("10.0.0.0/8")};
  settings_.realIpHeader = "X-Forwarded-For";
  settings_.realIpRecursive = true;
  struct Row {
    const char* chain;
    const char* client;
  };
  size_t number = 0;
  for (const Row& row :
       {Row{"9.9.9.9:1234", "9.9.9.9"}, Row{"[2001:db8::1]:80", "2001:db8::1"},
        Row{"[2001:db8::1]", "2001:db8::1"}, Row{"2001:db8::1", "2001:db8::1"},
        Row{"9.9.9.9,", "9.9.9.9"}, Row{"9.9.9.9, , 10.0.0.5", "9.9.9.9"},
        Row{", 9.9.9.9\t,", "9.9.9.9"}, Row{"1.1.1.1, 9.9.9.9:1, 10.0.0.5:80", "9.9.9.9"},
        Row{"nonsense, 10.0.0.5", "10.0.0.5"}, Row{",,", "127.0.0.1"}}) {
    client_ = Peer::connect(proxy_->address());
    client_.send(std::string("GET /api HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ") + row.chain +
                 "\r\n\r\n");
    std::string seen;
    ASSERT_TRUE(originHas(number++, "\r\n\r\n", seen)) << row.chain;
    expectLines(seen, {std::string("X-Real-IP: ") + row.client});
  }
}

/// The shortest linear recurrence over bits that yields the sequence (Berlekamp and Massey).
size_t linearComplexity(const std::vector<bool>& bits) {
  std::vector<bool> now(bits.size() + 1), before(bits.size() + 1);
  now[0] = before[0] = true;
  size_t length = 0, since = 1;
  for (size_t n = 0; n < bits.size(); ++n, ++since) {
    bool wrong = bits[n];
    for (size_t i = 1; i <= length; ++i) wrong = wrong != (now[i] && bits[n - i]);
    if (!wrong) continue;
    const std::vector<bool> kept = now;
    for (size_t i = 0; i + since < now.size(); ++i) now[i + since] = now[i + since] != before[i];
    if (2 * length > n) continue;
    length = n + 1 - length;
    before = kept;
    since = 0;
  }
  return length;
}

TEST_F(ProxyTest, NobodyCanTellTheNextRequestIdFromThoseBefore) {
  std::vector<bool> bits;
  for (int i = 0; i < 300; ++i) {
    char id[32];
    worker_.makeRequestId(id);
    for (int digit : {0, 8}) {
      const char c = id[digit];
      bits.push_back(((c <= '9' ? c - '0' : c - 'a' + 10) & 1) != 0);
    }
  }
  EXPECT_GT(linearComplexity(bits), 250u) << "about half of 600 where nothing is to be told";
}

TEST_F(ProxyTest, AControlCharacterInThePathIsRefused) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api/a%0a HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(clientHas("Bad request"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 400");
  EXPECT_TRUE(origins_.empty());
}

TEST_F(ProxyTest, AWayToTheOpenAdminApiIsRefusedToWhoeverDidNotAuthenticate) {
  auto open = std::make_shared<net::OpenAdmin>();
  open->add(origin_->address());
  settings_.openAdmin = open;
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(clientHas("own Admin API"));
  EXPECT_EQ(answer_.substr(0, 12), "HTTP/1.1 403");
  EXPECT_TRUE(origins_.empty());
}

TEST_F(ProxyTest, GivesEveryRequestAnIdOfItsOwn) {
  client_ = Peer::connect(proxy_->address());
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string seen;
    ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
    const std::string_view name = "X-Kong-Request-Id: ";
    const size_t at = seen.find(name);
    ASSERT_NE(at, std::string::npos) << seen;
    const std::string id = seen.substr(at + name.size(), seen.find("\r\n", at) - at - name.size());
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    ids.insert(id);
    origins_[0].send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
    answer_.clear();
    ASSERT_TRUE(clientHas("yes"));
    EXPECT_NE(answer_.find(id), std::string::npos) << answer_;
  }
  EXPECT_EQ(ids.size(), 5u);
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
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 512u * 1024);
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
  EXPECT_LT(highest * buffer::SlabPool::kSlabBytes, 512u * 1024);
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

TEST_F(ProxyTest, SendsTheBodyAgainWhenAKeptConnectionWasStale) {
  client_ = Peer::connect(proxy_->address());
  client_.send("GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  origins_[0].send("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(clientHas("204"));
  client_.send("PUT /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwhole");
  seen.clear();
  ASSERT_TRUE(originHas(0, "whole", seen));
  origins_[0].close();
  seen.clear();
  ASSERT_TRUE(originHas(1, "\r\n\r\nwhole", seen)) << seen;
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

TEST_F(ProxyTest, RoomIsMadeOfConnectionsThatNobodyIsAboutToUse) {
  client_ = Peer::connect(proxy_->address());
  ASSERT_TRUE(until([&] { return worker_.counters.handled.value() == 1; }));
  EXPECT_EQ(worker_.closeIdle(32), 0u) << "it has only just connected";
  client_.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(clientHas("no Route matched with those values"));
  answer_.clear();
  client_.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(worker_.closeIdle(32), 0u) << "its next request has come";
  ASSERT_TRUE(clientHas("no Route matched with those values"));
  EXPECT_EQ(worker_.closeIdle(32), 1u);
  EXPECT_TRUE(until([&] { return !client_.read(answer_); }));
}

}  // namespace
}  // namespace tollgate::proxy
