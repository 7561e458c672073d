#include <future>

#include "source/client/http_client.h"
#include "test/client/server.h"
#include "test/client/support.h"
#include "test/support/ports.h"

namespace tollgate::client {
namespace {

using http::HttpReply;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Who: me\r\n\r\nok";

class HttpClientTest : public ServicesTest {
 protected:
  http::HttpCall callTo(uint16_t port) {
    http::HttpCall call;
    call.server.host = "127.0.0.1";
    call.server.port = port;
    call.method = "POST";
    call.target = "/logs?a=1";
    call.fields = {{"Content-Type", "application/json"}};
    call.body = "{}";
    return call;
  }
  Result<HttpReply> run(http::HttpCall call) {
    std::optional<Result<HttpReply>> reply;
    worker().http().call(std::move(call), [&](Result<HttpReply> got) { reply = std::move(got); });
    EXPECT_TRUE(runUntil([&] { return reply.has_value(); }));
    return reply ? std::move(*reply) : Result<HttpReply>(Error::internal("never answered"));
  }
  Http1Client& client() { return static_cast<Http1Client&>(worker().http()); }
};

TEST_F(HttpClientTest, SendsARequestAndGivesItsReply) {
  Server server([](const std::string&) { return kOk; });
  auto reply = run(callTo(server.port()));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "ok");
  EXPECT_EQ(reply->field("x-who"), "me");
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /logs?a=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"),
            std::string::npos);
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n{}"));
}

TEST_F(HttpClientTest, CallsToOneServerShareAConnectionThatIsKept) {
  Server server([](const std::string&) { return kOk; });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(run(callTo(server.port())).ok());
  EXPECT_EQ(server.connections(), 1);
  auto once = callTo(server.port());
  once.limits.keepAlive = std::chrono::milliseconds(0);
  ASSERT_TRUE(run(std::move(once)).ok());
  EXPECT_EQ(client().idle(), 0u);
}

TEST_F(HttpClientTest, AKeptConnectionThatClosedMeanwhileIsReplaced) {
  std::atomic<bool> close{false};
  Server server([&](const std::string&) { return close.exchange(false) ? "" : kOk; });
  ASSERT_TRUE(run(callTo(server.port())).ok());
  close = true;  // within the next request, so that the client cannot know before
  auto reply = run(callTo(server.port()));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(server.connections(), 2);
  server.dropConnections();
  ASSERT_TRUE(runUntil([&] { return client().idle() == 0; }));
  EXPECT_TRUE(run(callTo(server.port())).ok());
}

TEST_F(HttpClientTest, AFreshConnectionThatClosesIsAFailure) {
  Server server([](const std::string&) { return ""; });
  auto reply = run(callTo(server.port()));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().message, "it closed the connection before its answer was complete");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, SaysWhyThereIsNoReply) {
  EXPECT_EQ(run(callTo(test::freePort())).error().message, "connection refused");

  Server talks([](const std::string&) { return "SSH-2.0-OpenSSH\r\n\r\n"; });
  EXPECT_TRUE(run(callTo(talks.port())).error().message.starts_with("its answer is not HTTP"));

  Server large([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x');
  });
  auto bounded = callTo(large.port());
  bounded.limits.maxReplyBytes = 99;
  EXPECT_EQ(run(std::move(bounded)).error().message, "its answer is longer than 99 bytes");

  std::promise<void> release;
  Server silent([held = release.get_future().share()](const std::string&) {
    held.wait();
    return std::string(kOk);
  });
  auto hasty = callTo(silent.port());
  hasty.limits.send = hasty.limits.read = std::chrono::milliseconds(30);
  EXPECT_EQ(run(std::move(hasty)).error().message, "no answer in time");
  release.set_value();
}

TEST_F(HttpClientTest, ReadsBodiesInChunksAndUntilTheEnd) {
  Server chunked([](const std::string&) {
    return "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: "
           "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
  });
  auto reply = run(callTo(chunked.port()));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->body, "abc");
  EXPECT_EQ(client().idle(), 1u);

  std::atomic<int> calls{0};
  Server* self = nullptr;
  Server ends([&](const std::string&) {
    ++calls;
    return "HTTP/1.0 200 OK\r\n\r\nall of it";
  });
  self = &ends;
  std::optional<Result<HttpReply>> got;
  worker().http().call(callTo(ends.port()), [&](Result<HttpReply> r) { got = std::move(r); });
  ASSERT_TRUE(runUntil([&] { return calls == 1; }));
  self->dropConnections();
  ASSERT_TRUE(runUntil([&] { return got.has_value(); }));
  ASSERT_TRUE(got->ok()) << got->error().message;
  EXPECT_EQ((*got)->body.substr(0, 9), "all of it");
}

TEST_F(HttpClientTest, ACallThatIsCancelledTellsNobody) {
  Server server([](const std::string&) { return kOk; });
  bool told = false;
  const uint64_t early = worker().http().call(callTo(server.port()), [&](auto) { told = true; });
  worker().http().cancel(early);
  const uint64_t late = worker().http().call(callTo(server.port()), [&](auto) { told = true; });
  ASSERT_TRUE(runUntil([&] { return server.connections() > 0; }));
  worker().http().cancel(late);
  worker().http().cancel(late);
  ASSERT_TRUE(run(callTo(server.port())).ok());
  EXPECT_FALSE(told);
  EXPECT_EQ(client().calls(), 0u);
}

TEST_F(HttpClientTest, ManyCallsAtOnceAllGetTheirReplies) {
  Server server([](const std::string& request) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  });
  constexpr int kCalls = 50;
  int right = 0, over = 0;
  for (int i = 0; i < kCalls; ++i) {
    auto call = callTo(server.port());
    call.body = std::to_string(i);
    worker().http().call(std::move(call), [&, i](Result<HttpReply> reply) {
      ++over;
      if (reply.ok() && reply->body == std::to_string(i)) ++right;
    });
  }
  ASSERT_TRUE(runUntil([&] { return over == kCalls; }));
  EXPECT_EQ(right, kCalls);
}

TEST(HttpUrl, IsTakenApart) {
  auto url = http::HttpUrl::parse("https://bob:p%40ss@[::1]:8443/a/b?c=d#e");
  ASSERT_TRUE(url.ok());
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->userInfo, "bob:p@ss");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(url->query, "c=d");
  auto plain = http::HttpUrl::parse("http://example.com");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->path, "/");
  for (const char* wrong : {"", "example.com", "ftp://a", "http://", "http://a:0", "http://a:99999",
                            "http://user:secret@:80"}) {
    auto refused = http::HttpUrl::parse(wrong);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace tollgate::client
