#include <gtest/gtest.h>

#include <string>

#include "test/http1/support.h"

namespace tollgate::http1::test {
namespace {

struct Case {
  std::string input, log;
  bool reusable = false;
  bool end = false;  ///< The upstream closes after it.
  const char* method = "GET";
};

void check(const Case& c) {
  SCOPED_TRACE(c.input);
  for (size_t at = 0; at < c.input.size(); ++at) {  // at 0: whole
    Client client;
    client.start(c.method);
    if (at > 0) client.feed(c.input.substr(0, at));
    client.feed(c.input.substr(at), c.end);
    ASSERT_EQ(client.log, c.log) << "cut at " << at;
    ASSERT_EQ(client.codec->reusable(), c.reusable) << "cut at " << at;
  }
  Client client;
  client.start(c.method);
  for (size_t i = 0; i < c.input.size(); ++i) {
    client.feed(c.input.substr(i, 1), c.end && i + 1 == c.input.size());
  }
  EXPECT_EQ(client.log, c.log);
}

TEST(ClientCodec, ReadsGoodResponsesHoweverTheyAreCut) {
  for (const Case& c : std::vector<Case>{
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 Content-Length=2; body=hi|end",
            true},
           {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 Content-Length=0;|end", true},
           {"HTTP/1.1 204 No Content\r\n\r\n", "204 |end", true},
           {"HTTP/1.1 304 \r\nContent-Length: 7\r\n\r\n", "304 Content-Length=7;|end", true},
           {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "200 Content-Length=7;|end", true,
            false, "HEAD"},
           {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
            "200 Connection=close;Content-Length=1; body=x|end"},
           {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 Content-Length=1; body=x|end"},
           {"HTTP/1.1 200 OK\r\nA: b\r\n\r\nto the end", "200 A=b; body=to the end|end", false,
            true},
           {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n",
            "info 100 |info 103 Link=x;|200 Transfer-Encoding=chunked; body=hi trailers X-T=1;|end",
            true},
       }) {
    check(c);
  }
}

TEST(ClientCodec, RefusesMalformedResponsesAndIsNotReusableAfterThem) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& input : std::vector<std::string>{
           "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "ICY 200 OK.....\r\n\r\n",
           ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
           ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           ok + "Transfer-Encoding: gzip\r\n\r\n", ok + "X : a\r\n\r\n", ok + "X: a\r\n b\r\n\r\n",
           ok + "X: a\nY: b\r\n\r\n", ok + "X: a\rb\r\n\r\n", "HTTP/1.1 101 x\r\n\r\n",
           "\r\n" + ok + "\r\n"}) {
    SCOPED_TRACE(input);
    Client client;
    client.start();
    client.feed(input);
    EXPECT_EQ(client.log, "|protocol");
    EXPECT_FALSE(client.codec->reusable());
  }
}

TEST(ClientCodec, TellsWhenTheUpstreamClosesTooEarly) {
  check({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "200 Content-Length=5;|closed", false,
         true});
  Client client;
  client.start();
  client.feed("", true);
  EXPECT_EQ(client.log, "|closed");
}

TEST(ClientCodec, IsNotReusableAfterBytesThatNobodyAskedFor) {
  Client client;
  client.start();
  client.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(client.log, "200 Content-Length=2; body=hi|end");
  EXPECT_FALSE(client.codec->reusable());
}

TEST(ClientCodec, WritesRequestsWithLengthChunksAndTrailers) {
  Client client;
  http::HeaderMap headers(client.arena_);
  headers.add("Host", "a");
  headers.add("Connection", "x");
  headers.add("X-Evil", "a\r\nb: c");
  client.codec->sendHead({"PUT", "/x", &headers}, false, 2, client);
  buffer::Buffer data(client.pool);
  data.append("hi");
  client.codec->sendBody(data, true);
  EXPECT_EQ(client.output.toString(),
            "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
  client.feed("HTTP/1.1 204 x\r\n\r\n");
  ASSERT_TRUE(client.codec->reusable());
  client.output.clear();
  http::HeaderMap plain(client.arena_), trailers(client.arena_);
  trailers.add("T", "1");
  client.codec->sendHead({"POST", "/", &plain}, false, -1, client);
  data.append(std::string(26, 'x'));
  client.codec->sendBody(data, false);
  client.codec->sendTrailers(trailers);
  EXPECT_EQ(
      client.output.toString(),
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n1a\r\n" +
          std::string(26, 'x') + "\r\n0\r\nT: 1\r\n\r\n");
}

TEST(ClientCodec, IsReusableAfterAnEarlyResponseOnlyOnceTheRequestIsComplete) {
  Client client;
  http::HeaderMap headers(client.arena_);
  client.codec->sendHead({"PUT", "/x", &headers}, false, 2, client);
  client.feed("HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(client.codec->reusable());
  buffer::Buffer data(client.pool);
  data.append("hi");
  client.codec->sendBody(data, true);
  EXPECT_TRUE(client.codec->reusable());
}

TEST(ClientCodec, CarriesRawBytesAfterSwitchingProtocols) {
  Client client;
  client.start("GET", true);
  client.feed("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x01\x02");
  buffer::Buffer data(client.pool);
  data.append("raw");
  client.codec->sendBody(data, false);
  std::string out = client.output.toString();
  EXPECT_EQ(out.substr(out.size() - 7), "\r\n\r\nraw");
  client.feed("", true);
  EXPECT_EQ(client.log, "101 Connection=upgrade;Upgrade=websocket; body=\x01\x02|end");
  EXPECT_FALSE(client.codec->reusable());
}

}  // namespace
}  // namespace tollgate::http1::test
