#include <gtest/gtest.h>

#include <string>

#include "test/http1/support.h"

namespace tollgate::http1::test {
namespace {

const std::string kHost = "Host: a\r\n";

struct Outcome {
  std::string log, output;
  int closed;
  bool operator==(const Outcome&) const = default;
};

Outcome whole(std::string_view bytes) {
  Server server;
  server.feed(bytes);
  return {server.log, server.output.toString(), server.closed};
}

Outcome cut(std::string_view bytes, size_t at) {
  Server server;
  server.feed(bytes.substr(0, at));
  server.feed(bytes.substr(at));
  return {server.log, server.output.toString(), server.closed};
}

Outcome byteByByte(std::string_view bytes) {
  Server server;
  for (char c : bytes) {  // through a buffer of its own: every byte in another slab
    buffer::Buffer one(server.pool);
    one.append({&c, 1});
    server.input.moveFrom(one, 1);
    server.codec->onData(server.input, false);
  }
  return {server.log, server.output.toString(), server.closed};
}

struct Case {
  std::string input, log;
};

void check(const Case& c) {
  SCOPED_TRACE(c.input);
  Outcome expected = whole(c.input);
  EXPECT_EQ(expected.log, c.log);
  EXPECT_EQ(byteByByte(c.input).log, c.log);
  for (size_t at = 1; at < c.input.size(); ++at) {
    Outcome outcome = cut(c.input, at);
    ASSERT_EQ(outcome.log, expected.log) << "cut at " << at;
    ASSERT_EQ(outcome.output, expected.output) << "cut at " << at;
    ASSERT_EQ(outcome.closed, expected.closed) << "cut at " << at;
  }
}

TEST(ServerCodec, ReadsGoodRequestsHoweverTheyAreCut) {
  const std::string chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
  const std::string chunkedLog = "POST /c host=a Host=a;Transfer-Encoding=Chunked;";
  for (const Case& c : std::vector<Case>{
           {"GET /a?b HTTP/1.1\r\nHost: a:80\r\nX-Y: \t v w \t\r\n\r\n",
            "GET /a?b host=a:80 Host=a:80;X-Y=v w; body=|"},
           {"\r\nGET / HTTP/1.1\r\nhost:[::1]:8\r\n\r\n",
            "GET / host=[::1]:8 host=[::1]:8; body=|"},
           {"GET / HTTP/1.0\r\n\r\n", "GET / host=  body=|"},
           {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\n" +
                kHost + "\r\n",
            "POST / host=a Host=a;Content-Length=5; body=hello|GET /2 host=a Host=a; body=|"},
           {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "error 400|"},
           {chunked + "5\r\nhello\r\n0A;x=\"y z\"\r\n0123456789\r\n00\r\n\r\n",
            chunkedLog + " body=hello0123456789|"},
           {chunked + "1\r\nx\r\n0\r\nX-T: 1\r\nContent-Length: 9\r\n\r\nGET / HTTP/1.1\r\n" +
                kHost + "\r\n",
            chunkedLog + "trailers X-T=1; body=x|GET / host=a Host=a; body=|"},
           {"GET http://b.c:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /p?q host=b.c:1 Host=b.c:1; body=|"},
           {"GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q host=b Host=b; body=|"},
           {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * host=a Host=a; body=|"},
           {"!#$ /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~9: v\r\n\r\n",
            "!#$ /\xc3\xa9 host=a Host=a;!#$%&'*+-.^_`|~9=v; body=|"},
       }) {
    check(c);
  }
}

TEST(ServerCodec, RefusesMalformedHeadsHoweverTheyAreCut) {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string te = "Transfer-Encoding: ";
  struct Bad {
    std::string input;
    int status;
  };
  for (const Bad& bad : std::vector<Bad>{
           {get + "\r\n", 400},
           {get + kHost + kHost + "\r\n", 400},
           {get + "Host:\r\n\r\n", 400},
           {get + "Host: a b\r\n\r\n", 400},
           {get + "Host: u@a\r\n\r\n", 400},
           {get + "Host: a:b\r\n\r\n", 400},
           {get + "Host: a, b\r\n\r\n", 400},
           {get + "Host: [::1\r\n\r\n", 400},
           {get + "Host: a:80:81\r\n\r\n", 400},
           {get + "Host : a\r\n\r\n", 400},
           {get + " Host: a\r\n\r\n", 400},
           {get + kHost + "X: a\r\n b\r\n\r\n", 400},
           {get + kHost + "X: a\rb\r\n\r\n", 400},
           {get + kHost + "X: a\nY: b\r\n\r\n", 400},
           {get + kHost + "X: a" + std::string(1, '\0') + "\r\n\r\n", 400},
           {get + kHost + "X\x80: a\r\n\r\n", 400},
           {get + kHost + ": a\r\n\r\n", 400},
           {get + kHost + "X\r\n\r\n", 400},
           {get + kHost + "X: a\r\r\n\r\n", 400},
           {get + kHost + "\r\r\n\r\n", 400},
           {"GET /\r\n\r\n", 400},
           {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
           {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET http://b/ HTTP/1.1\r\n\r\n", 400},
           {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
           {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
           {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
           {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
           {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
           {post + "Content-Length: 5\r\n" + te + "chunked\r\n\r\n", 400},
           {post + te + "chunked\r\nContent-Length: 5\r\n\r\n", 400},
           {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
           {post + "Content-Length: 5, 5\r\n\r\n", 400},
           {post + "Content-Length: +5\r\n\r\n", 400},
           {post + "Content-Length: -5\r\n\r\n", 400},
           {post + "Content-Length: 0x5\r\n\r\n", 400},
           {post + "Content-Length:\r\n\r\n", 400},
           {post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
           {post + te + "chunked\r\n" + te + "chunked\r\n\r\n", 400},
           {post + te + "chunked, chunked\r\n\r\n", 400},
           {post + te + "chunked, identity\r\n\r\n", 400},
           {post + te + ", chunked\r\n\r\n", 400},
           {post + te + "\r\n\r\n", 400},
           {post + te + "\"chunked\"\r\n\r\n", 400},
           {post + te + "gzip, chunked\r\n\r\n", 501},
           {post + te + "identity\r\n\r\n", 501},
           {post + te + "xchunked\r\n\r\n", 501},
           {"POST / HTTP/1.0\r\nHost: a\r\n" + te + "chunked\r\n\r\n", 400},
           {post + "Expect: more\r\n\r\n", 417},
       }) {
    check({bad.input, "error " + std::to_string(bad.status) + "|"});
  }
}

TEST(ServerCodec, RefusesBadChunksAndNeverCompletesTheRequest) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body : std::vector<std::string>{"\r\n",
                                                          "g\r\n",
                                                          "-5\r\nhello",
                                                          "+5\r\n",
                                                          "0x5\r\n",
                                                          " 5\r\n",
                                                          "5 \r\n",
                                                          "5\n",
                                                          "5\r5",
                                                          "5\r\r\n",
                                                          "5,5\r\n",
                                                          "5\r\nhello0",
                                                          "5\r\nhello\n",
                                                          "5\r\nhelloXX",
                                                          "3\r\nhello",
                                                          "10000000000000000\r\n",
                                                          "ffffffffffffffff\r\n",
                                                          "8000000000000000\r\n",
                                                          "00000000000000005\r\n",
                                                          "5;a\nb",
                                                          "5;a\rb",
                                                          "5;a\x01",
                                                          "5;" + std::string(2000, 'a'),
                                                          "0\r\nX : 1\r\n\r\n",
                                                          "0\r\n X: 1\r\n\r\n",
                                                          "0\r\nX: 1\n\r\n",
                                                          "0\n\n",
                                                          "0\r\nX: " + std::string(9000, 'a')}) {
    Server server;
    server.feed(post + body);
    EXPECT_EQ(server.complete, 0) << body.substr(0, 40);
    EXPECT_NE(server.log.find("error 400|"), std::string::npos) << body.substr(0, 40);
    EXPECT_EQ(server.closed, 1) << body.substr(0, 40);
    EXPECT_EQ(byteByByte(post + body).closed, 1) << body.substr(0, 40);
  }
}

TEST(ServerCodec, LimitsHeadTargetAndNumberOfFields) {
  EXPECT_EQ(whole("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").log,
            "error 414|");
  EXPECT_EQ(whole("GET /" + std::string(90000, 'a')).log, "error 414|");
  EXPECT_EQ(whole("GET / HTTP/1.1\r\nX: " + std::string(40000, 'a')).log, "error 431|");
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 300; ++i) many += "a: b\r\n";
  EXPECT_EQ(whole(many + "\r\n").log, "error 431|");
}

TEST(ServerCodec, KeepsOrClosesTheConnectionByVersionAndConnectionField) {
  EXPECT_EQ(whole("GET / HTTP/1.1\r\nHost: a\r\n\r\n").closed, 0);
  EXPECT_EQ(whole("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").closed, 1);
  EXPECT_EQ(whole("GET / HTTP/1.0\r\n\r\n").closed, 1);
  EXPECT_EQ(whole("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").closed,
            1);  // no length known
}

TEST(ServerCodec, LeavesPipelinedRequestsInTheInputUntilTheResponseIsComplete) {
  Server server;
  server.automatic = false;
  server.feed("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(server.complete, 1);
  EXPECT_FALSE(server.codec->wantsInput());
  EXPECT_FALSE(server.input.empty());
  server.exchanges[0]->answer(200, "");
  EXPECT_TRUE(server.codec->wantsInput());
  server.feed("");
  EXPECT_EQ(server.complete, 2);
}

TEST(ServerCodec, FramesResponsesByLengthOrChunks) {
  EXPECT_EQ(
      whole("GET / HTTP/1.1\r\nHost: a\r\n\r\n").output,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
      "Connection: keep-alive\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(
      whole("GET / HTTP/1.0\r\n\r\n").output,
      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\r\nok");
  std::string head = whole("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").output;
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
}

TEST(ServerCodec, DropsResponseFieldsThatWouldSplitTheHead) {
  Server server;
  server.automatic = false;
  server.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  http::ResponseHead head(server.exchanges[0]->arena_);
  head.status = 200;
  head.headers.add("X-A", "1\r\nX-Evil: 1");
  head.headers.add("X B", "1");
  head.headers.add("Connection", "X-A");
  head.headers.add("X-C", "1");
  server.exchanges[0]->stream.sendHead(head, true);
  std::string out = server.output.toString();
  EXPECT_EQ(out.find("Evil"), std::string::npos);
  EXPECT_EQ(out.find("X B"), std::string::npos);
  EXPECT_NE(out.find("X-C: 1\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST(ServerCodec, CarriesRawBytesBothWaysAfterSwitchingProtocols) {
  Server server;
  server.automatic = false;
  server.feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  auto& exchange = *server.exchanges[0];
  http::ResponseHead head(exchange.arena_);
  head.status = 101;
  head.headers.add("Upgrade", "websocket");
  exchange.stream.sendHead(head, false);
  server.feed("\x01\n\x02");
  EXPECT_EQ(exchange.body, "\x01\n\x02");
  buffer::Buffer data(server.pool);
  data.append("raw");
  exchange.stream.sendBody(data, false);
  std::string out = server.output.toString();
  EXPECT_EQ(out.substr(out.size() - 7), "\r\n\r\nraw");
  exchange.stream.sendBody(data, true);
  EXPECT_EQ(server.closed, 1);
}

TEST(ServerCodec, ReadsOutAnUnwantedBodyAndGoesOn) {
  Server server;
  server.automatic = false;
  server.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  server.exchanges[0]->answer(403, "");
  EXPECT_EQ(server.closed, 0);
  server.feed("worldGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(server.complete, 1);
  EXPECT_NE(server.log.find("GET /2"), std::string::npos);
}

TEST(ServerCodec, ClosesAfterAnEarlyAnswerToAClientThatAwaitsContinue) {
  Server server;
  server.automatic = false;
  server.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(server.output.empty());
  server.exchanges[0]->answer(403, "");
  EXPECT_EQ(server.closed, 1);
}

TEST(ServerCodec, TellsThatItClosesWhereTheRestOfARefusedBodyIsNotAwaited) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const char* fields :
       {"Content-Length: 4000000\r\n", "Content-Length: 10\r\nExpect: 100-continue\r\n"}) {
    for (const char* text : {"", "a refusal with a body"}) {
      Server server;
      server.automatic = false;
      server.feed(post + fields + "\r\n");
      server.exchanges[0]->answer(403, text);
      EXPECT_NE(server.output.toString().find("Connection: close\r\n"), std::string::npos);
      EXPECT_EQ(server.closed, 1) << fields << text;
    }
  }
  Server server;  // most of it has been read: the rest is awaited
  server.automatic = false;
  server.feed(post + "Content-Length: 400000\r\n\r\n" + std::string(300000, 'x'));
  server.exchanges[0]->answer(403, "no");
  EXPECT_EQ(server.closed, 0);
  EXPECT_TRUE(server.codec->discarding());
  server.feed(std::string(100000, 'x'));
  EXPECT_TRUE(server.codec->idle());
}

TEST(ServerCodec, TakesNoNewRequestWhileMuchOutputIsUnread) {
  Server server;
  server.automatic = false;
  std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  server.feed(get + get + get);
  server.exchanges[0]->answer(200, std::string(100000, 'x'));
  EXPECT_FALSE(server.codec->wantsInput());
  server.feed(get);
  EXPECT_EQ(server.complete, 1);
  server.output.clear();
  EXPECT_TRUE(server.codec->wantsInput());
  server.feed("");
  EXPECT_EQ(server.complete, 2);
}

TEST(ServerCodec, ForgetsTheExchangeAfterAnyStatus) {
  for (int status : {100, 101, 102, 103, 199, 204, 304, 600, 999}) {
    for (const char* text : {"", "text"}) {
      Server server;
      server.automatic = false;
      server.feed("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
      server.exchanges[0]->answer(status, text);
      EXPECT_EQ(server.codec->activeStreams(), 0u) << status << text;
      EXPECT_EQ(server.closed, status < 200 ? 1 : 0) << status << text;
      server.feed("bytes of the client");
      EXPECT_EQ(server.exchanges[0]->body, "") << status << text;
    }
  }
}

TEST(ServerCodec, ResetsTheRequestWhenTheClientLeavesInItsBody) {
  Server server;
  server.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", true);
  EXPECT_NE(server.log.find("reset|"), std::string::npos);
  EXPECT_EQ(server.closed, 1);
}

}  // namespace
}  // namespace tollgate::http1::test
