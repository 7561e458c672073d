// Requests that reach their origin over HTTP/2.
#include <deque>
#include <map>

#include "test/proxy/h2_client.h"
#include "test/proxy/h2_origin.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

class Http2OriginTest : public ProxyTest {
 protected:
  Http2OriginTest() {
    service_.protocol = "grpc";
    service_.http2 = upstream::Http2::kAlways;
    service_.poolKey = "h2|";
    route_.stripPath = false;
  }
  /// What the origins' connections have to say, carried both ways.
  void serveOrigins() {
    while (h2_.size() < origins_.size()) h2_.push_back(std::make_unique<H2Origin>(maxStreams_));
    for (size_t i = 0; i < h2_.size(); ++i) {
      std::string bytes;
      origins_[i].read(bytes);
      h2_[i]->receive(bytes);
      origins_[i].send(h2_[i]->output());
    }
  }
  template <typename F>
  bool untilServed(F condition) {
    return until([&] {
      serveOrigins();
      return condition();
    });
  }
  /// The request with that number (1, 3, …) on a connection, once it is there.
  H2Origin::Request* request(size_t connection, int32_t id) {
    const bool there = untilServed([&] {
      return h2_.size() > connection && h2_[connection]->requests.contains(id) &&
             h2_[connection]->requests[id].headDone;
    });
    EXPECT_TRUE(there);
    return there ? &h2_[connection]->requests[id] : nullptr;
  }
  Peer& ask(std::string_view path) {
    clients_.push_back(Peer::connect(proxy_->address()));
    clients_.back().send("GET /api" + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return clients_.back();
  }
  bool has(Peer& client, std::string_view text) {
    std::string& seen = answers_[&client];
    const bool found = untilServed([&] {
      client.read(seen);
      return seen.find(text) != std::string::npos;
    });
    EXPECT_TRUE(found) << seen;
    return found;
  }

  uint32_t maxStreams_ = 100;
  std::vector<std::unique_ptr<H2Origin>> h2_;
  std::deque<Peer> clients_;
  std::map<Peer*, std::string> answers_;
};

TEST_F(Http2OriginTest, ARequestOfHttp1IsAnsweredByAnOriginOfHttp2) {
  Peer& client = ask("/x?y=1");
  H2Origin::Request* seen = request(0, 1);
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->fields[":method"], "GET");
  EXPECT_EQ(seen->fields[":scheme"], "http");
  EXPECT_EQ(seen->fields[":path"], "/base/api/x?y=1");
  EXPECT_EQ(seen->fields[":authority"], origin_->address().toString());
  EXPECT_EQ(seen->fields["x-forwarded-host"], "a");
  EXPECT_EQ(seen->fields.count("host") + seen->fields.count("connection"), 0u);
  EXPECT_TRUE(seen->ended);
  h2_[0]->answer(1, "hello");
  EXPECT_TRUE(has(client, "hello"));
  EXPECT_TRUE(answers_[&client].starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http2OriginTest, ManyRequestsShareAConnection) {
  std::vector<Peer*> asking;
  for (int i = 0; i < 8; ++i) asking.push_back(&ask("/" + std::to_string(i)));
  ASSERT_NE(request(0, 15), nullptr);
  EXPECT_EQ(origins_.size(), 1u);
  EXPECT_EQ(worker_.pool.connections(), 1u);
  for (int32_t id = 15; id > 0; id -= 2) {
    h2_[0]->answer(id, "answer " + h2_[0]->requests[id].fields[":path"].substr(9) + ".");
  }
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(has(*asking[i], "answer /" + std::to_string(i) + "."));
  EXPECT_TRUE(untilServed([&] { return worker_.pool.idle() == 1; }));
  Peer& later = ask("/later");
  ASSERT_NE(request(0, 17), nullptr);
  h2_[0]->answer(17, "reused");
  EXPECT_TRUE(has(later, "reused"));
}

TEST_F(Http2OriginTest, MoreRequestsThanTheOriginTakesAtOnceGetAnotherConnection) {
  maxStreams_ = 2;
  Peer& first = ask("/1");
  ASSERT_NE(request(0, 1), nullptr);
  h2_[0]->answer(1, "one");
  EXPECT_TRUE(has(first, "one"));  // by now its limit is known
  std::vector<Peer*> asking;
  for (int i = 0; i < 3; ++i) asking.push_back(&ask("/more"));
  ASSERT_NE(request(0, 5), nullptr);
  ASSERT_NE(request(1, 1), nullptr);
  h2_[0]->answer(3, "done");
  h2_[0]->answer(5, "done");
  h2_[1]->answer(1, "done");
  for (Peer* each : asking) EXPECT_TRUE(has(*each, "done"));
}

TEST_F(Http2OriginTest, ARefusedRequestIsSentAgainWhateverItsMethod) {
  service_.retries = 0;
  clients_.push_back(Peer::connect(proxy_->address()));
  clients_.back().send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_NE(request(0, 1), nullptr);
  ASSERT_TRUE(untilServed([&] { return h2_[0]->requests[1].ended; }));
  h2_[0]->refuse(1);
  H2Origin::Request* again = request(1, 1);
  ASSERT_NE(again, nullptr);
  ASSERT_TRUE(untilServed([&] { return again->ended; }));
  EXPECT_EQ(again->body, "body");
  h2_[1]->answer(1, "second");
  EXPECT_TRUE(has(clients_.back(), "second"));
}

TEST_F(Http2OriginTest, AnOriginThatLeavesFinishesWhatItHasBegun) {
  Peer &first = ask("/1"), &second = ask("/2");
  ASSERT_NE(request(0, 3), nullptr);
  h2_[0]->goaway(1);
  ASSERT_NE(request(1, 1), nullptr) << "what it has not looked at goes elsewhere";
  h2_[0]->answer(1, "old");
  h2_[1]->answer(1, "new");
  EXPECT_TRUE(has(h2_[1]->requests[1].fields[":path"].ends_with("/2") ? first : second, "old"));
  EXPECT_TRUE(has(h2_[1]->requests[1].fields[":path"].ends_with("/2") ? second : first, "new"));
}

TEST_F(Http2OriginTest, AStaleConnectionIsReplacedForWhatMayBeRepeated) {
  service_.retries = 0;
  Peer& first = ask("/1");
  ASSERT_NE(request(0, 1), nullptr);
  h2_[0]->answer(1, "one");
  EXPECT_TRUE(has(first, "one"));
  Peer& second = ask("/2");
  ASSERT_NE(request(0, 3), nullptr);
  origins_[0].close();
  h2_[0] = std::make_unique<H2Origin>();
  ASSERT_NE(request(1, 1), nullptr);
  h2_[1]->answer(1, "two");
  EXPECT_TRUE(has(second, "two"));
}

TEST_F(Http2OriginTest, AnOriginThatSpeaksHttp1IsToldOfAsAFailure) {
  service_.retries = 0;
  Peer& client = ask("/1");
  std::string seen;
  ASSERT_TRUE(originHas(0, "PRI * HTTP/2.0", seen));
  origins_[0].send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  std::string answer;
  EXPECT_TRUE(until([&] {
    client.read(answer);
    return answer.starts_with("HTTP/1.1 502 ");
  })) << answer;
}

TEST_F(Http2OriginTest, AClientThatLeavesResetsItsStreamAlone) {
  Peer &leaving = ask("/1"), &staying = ask("/2");
  ASSERT_NE(request(0, 3), nullptr);
  leaving.close();
  const bool first = h2_[0]->requests[1].fields[":path"].ends_with("/1");
  EXPECT_TRUE(untilServed([&] { return h2_[0]->requests[first ? 1 : 3].closed; }));
  h2_[0]->answer(first ? 3 : 1, "still");
  EXPECT_TRUE(has(staying, "still"));
  EXPECT_EQ(origins_.size(), 1u);
}

TEST_F(Http2OriginTest, ASlowClientHoldsItsOwnStreamBackOnly) {
  Peer &slow = ask("/slow"), &quick = ask("/quick");
  ASSERT_NE(request(0, 3), nullptr);
  const int32_t slowId = h2_[0]->requests[1].fields[":path"].ends_with("/slow") ? 1 : 3;
  const int32_t quickId = 4 - slowId;
  const size_t size = 24 * 1024 * 1024;
  h2_[0]->respond(slowId, {{":status", "200"}}, false);
  h2_[0]->send(slowId, std::string(size, 's'), true);
  size_t before = 0;
  // Until nothing of it moves any more: the kernel's buffers and ours are full.
  ASSERT_TRUE(until([&] {
    for (int i = 0; i < 20; ++i) {
      serveOrigins();
      loop_.runOnce(Millis(1));
    }
    const size_t left = h2_[0]->requests[slowId].left();
    const bool still = left == before && left < size;
    before = left;
    return still;
  }));
  EXPECT_GT(before, size / 4) << "it was not read to the end";
  h2_[0]->answer(quickId, "quick answer");
  EXPECT_TRUE(has(quick, "quick answer"));
  std::string all;
  EXPECT_TRUE(untilServed([&] {
    slow.read(all);
    return all.size() > size;
  }));
}

TEST_F(Http2OriginTest, ALargeRequestIsHeldBackByTheOriginsWindow) {
  clients_.push_back(Peer::connect(proxy_->address()));
  Peer& client = clients_.back();
  const size_t size = 4 * 1024 * 1024;
  client.send("POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
              "\r\n\r\n");
  size_t sent = 0;
  const std::string piece(64 * 1024, 'x');
  EXPECT_TRUE(untilServed([&] {
    if (sent < size) sent += client.send(std::string_view(piece).substr(0, size - sent));
    return h2_.size() == 1 && h2_[0]->requests[1].ended;
  }));
  EXPECT_EQ(h2_[0]->requests[1].body.size(), size);
  EXPECT_EQ(h2_[0]->requests[1].fields["content-length"], std::to_string(size));
  h2_[0]->answer(1, "taken");
  EXPECT_TRUE(has(client, "taken"));
}

// ---- gRPC --------------------------------------------------------------------------------------

class GrpcTest : public Http2OriginTest {
 protected:
  GrpcTest() {
    route_.grpc = true;
    service_.path = "";
  }
  int32_t call(const H2Client::Fields& fields, std::string body) {
    if (!connected_) client_ = Peer::connect(proxy_->address());
    connected_ = true;
    return h2client_.request("POST", "/api/pkg.Svc/Call", std::move(body), fields);
  }
  template <typename F>
  bool carried(F condition) {
    return untilServed([&] {
      client_.send(h2client_.output());
      std::string bytes;
      client_.read(bytes);
      h2client_.receive(bytes);
      return condition();
    });
  }
  const H2Client::Fields kGrpc{{"content-type", "application/grpc"}, {"te", "trailers"}};
  H2Client h2client_;
  bool connected_ = false;
};

TEST_F(GrpcTest, ACallPassesWhole) {
  const int32_t id = call(kGrpc, "message");
  ASSERT_TRUE(carried([&] { return h2_.size() == 1 && h2_[0]->requests[1].ended; }));
  H2Origin::Request& seen = h2_[0]->requests[1];
  EXPECT_EQ(seen.fields[":path"], "/api/pkg.Svc/Call");
  EXPECT_EQ(seen.fields["te"], "trailers");
  EXPECT_EQ(seen.fields["content-type"], "application/grpc");
  EXPECT_EQ(seen.body, "message");
  h2_[0]->respond(1, {{":status", "200"}, {"content-type", "application/grpc"}}, false);
  h2_[0]->send(1, "reply", true, {{"grpc-status", "0"}, {"x-custom", "y"}});
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).closed; }));
  EXPECT_EQ(h2client_.reply(id).status, "200");
  EXPECT_EQ(h2client_.reply(id).body, "reply");
  EXPECT_EQ(h2client_.reply(id).fields.at("grpc-status"), "0");
  EXPECT_EQ(h2client_.reply(id).fields.at("x-custom"), "y");
}

TEST_F(GrpcTest, MessagesGoBothWaysBeforeEitherSideHasEnded) {
  h2client_.keepOpen = true;
  const int32_t id = call(kGrpc, "one");
  ASSERT_TRUE(carried([&] { return h2_.size() == 1 && h2_[0]->requests[1].body == "one"; }));
  EXPECT_FALSE(h2_[0]->requests[1].ended);
  h2_[0]->respond(1, {{":status", "200"}, {"content-type", "application/grpc"}}, false);
  h2_[0]->send(1, "first", false);
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).body == "first"; }));
  h2client_.more(id, "two");
  ASSERT_TRUE(carried([&] { return h2_[0]->requests[1].body == "onetwo"; }));
  h2_[0]->send(1, "second", true, {{"grpc-status", "0"}});
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).fields.contains("grpc-status"); }));
  EXPECT_EQ(h2client_.reply(id).body, "firstsecond");
}

TEST_F(GrpcTest, AnAnswerOfTrailersAloneStaysOne) {
  const int32_t id = call(kGrpc, "message");
  ASSERT_TRUE(carried([&] { return h2_.size() == 1 && h2_[0]->requests[1].ended; }));
  h2_[0]->respond(
      1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "12"}}, true);
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).closed; }));
  EXPECT_EQ(h2client_.reply(id).fields.at("grpc-status"), "12");
  EXPECT_TRUE(h2client_.reply(id).endedByHead);
}

TEST_F(GrpcTest, WhatIsNoCallDoesNotReachTheOrigin) {
  const int32_t id = call({{"content-type", "text/plain"}}, "x");
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).closed; }));
  EXPECT_EQ(h2client_.reply(id).status, "415");
  Peer& http1 = clients_.emplace_back(Peer::connect(proxy_->address()));
  http1.send(
      "POST /api HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: "
      "0\r\n\r\n");
  EXPECT_TRUE(has(http1, "HTTP/1.1 426 "));
  EXPECT_TRUE(origins_.empty());
}

TEST_F(GrpcTest, ARouteForTlsAloneToldInTheWayOfGrpc) {
  route_.grpcSecureOnly = true;
  const int32_t id = call(kGrpc, "x");
  ASSERT_TRUE(carried([&] { return h2client_.reply(id).closed; }));
  EXPECT_EQ(h2client_.reply(id).status, "200");
  EXPECT_EQ(h2client_.reply(id).fields.at("grpc-status"), "1");
  EXPECT_EQ(h2client_.reply(id).fields.at("grpc-message"), "gRPC request matched gRPCs route");
  EXPECT_TRUE(origins_.empty());
}

}  // namespace
}  // namespace tollgate::proxy
