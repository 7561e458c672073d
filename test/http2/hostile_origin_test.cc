#include "test/http2/client_fixture.h"

/// Origins that break the rules, or keep to them at the gateway's expense.
namespace tollgate::http2 {
namespace {

class HostileOrigin : public Http2Client {
 protected:
  /// A response head that makes the stream fail, and nothing else.
  void refusesHead(const std::string& block) {
    SCOPED_TRACE(block);
    start({});
    Response &bad = ask(), &good = ask();
    origin(headers(1, block, true));
    EXPECT_EQ(bad.log, "protocol");
    origin(status(3, "200", true));
    EXPECT_EQ(good.log, "200|end");
    EXPECT_EQ(closes_, 0);
  }
  void endsWith(uint32_t code) {
    EXPECT_EQ(closes_, 1);
    EXPECT_EQ(goawayCode(), code);
  }
};

TEST_F(HostileOrigin, AHeadWhichIsTooLargeFailsItsStream) {
  std::string fields = literal(":status", "200"), many = fields;
  for (int i = 0; i < 260; ++i) many += literal("x-" + std::to_string(i), "y");
  refusesHead(many);
  for (int i = 0; i < 200; ++i) {
    fields += literal("x-" + std::string(100, 'n'), std::string(126, 'v'));
  }
  start({});
  Response &bad = ask(), &good = ask();
  origin(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, fields.substr(0, 16000)));
  origin(frame(NGHTTP2_CONTINUATION, 0, 1, fields.substr(16000, 16000)));
  origin(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, fields.substr(32000)));
  EXPECT_EQ(bad.log, "protocol");
  origin(status(3, "200", true));
  EXPECT_EQ(good.log, "200|end") << "what compression remembers is right";
}

TEST_F(HostileOrigin, AContinuationWithoutEndEndsTheConnection) {
  Response& response = ask();
  origin(frame(NGHTTP2_HEADERS, 0, 1, literal(":status", "200")));
  for (int i = 0; i < 20 && closes_ == 0; ++i) {
    origin(frame(NGHTTP2_CONTINUATION, 0, 1, literal("x", "y")));
  }
  EXPECT_EQ(closes_, 1);
  EXPECT_EQ(response.log, "protocol");
}

TEST_F(HostileOrigin, MalformedHeadsFailTheirStream) {
  const std::string ok = literal(":status", "200");
  refusesHead(literal("x", "y"));           // no status
  refusesHead(literal(":status", "20"));    // not three digits
  refusesHead(literal(":status", "101"));   // not in HTTP/2
  refusesHead(ok + ok);                     // twice
  refusesHead(literal("x", "y") + ok);      // after a field
  refusesHead(ok + literal(":path", "/"));  // of a request
  refusesHead(ok + literal("Upper", "x"));
  refusesHead(ok + literal("sp ace", "x"));
  refusesHead(ok + literal("x", "a\r\nb: c"));
  refusesHead(ok + literal("x", std::string("a\0b", 3)));
  refusesHead(ok + literal("connection", "close"));
  refusesHead(ok + literal("transfer-encoding", "chunked"));
  refusesHead(ok + literal("upgrade", "h2c"));
  refusesHead(ok + literal("content-length", "5"));  // and nothing follows
}

TEST_F(HostileOrigin, ABodyOfAnotherLengthThanAnnouncedFailsItsStream) {
  for (const char* body : {"abcd", "ab"}) {
    start({});
    Response& response = ask();
    origin(status(1, "200", false, literal("content-length", "3")) + data(1, body, true));
    EXPECT_NE(response.log, "200|end");
    EXPECT_FALSE(response.log.empty());
    EXPECT_EQ(closes_, 0);
  }
}

TEST_F(HostileOrigin, MalformedTrailersFailTheirStream) {
  for (const std::string& block :
       {literal("X", "y"), literal("x", "a\nb"), literal("connection", "x"),
        literal(":status", "200"), literal("x", std::string(126, 'v'))}) {
    start({});
    ClientLimits limits;
    limits.message.maxTrailerBytes = 100;
    start(limits);
    Response& response = ask();
    origin(status(1, "200", false) + data(1, "b", false));
    origin(headers(1, block, true));
    EXPECT_TRUE(response.log == "200|protocol" || response.log == "200|reset") << response.log;
    EXPECT_EQ(closes_, 0);
  }
}

TEST_F(HostileOrigin, DataBeforeAHeadIsNoResponse) {
  Response& response = ask();
  origin(data(1, "x", true));
  EXPECT_TRUE(response.log == "reset" || response.log == "protocol") << response.log;
}

TEST_F(HostileOrigin, PushesAreNotTaken) {
  ask();
  origin(frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1,
               number(2) + literal(":method", "GET") + literal(":scheme", "https") +
                   literal(":authority", "a") + literal(":path", "/")));
  endsWith(NGHTTP2_PROTOCOL_ERROR);
}

TEST_F(HostileOrigin, FramesOfStreamsThatWereNeverOpenedEndTheConnection) {
  for (const std::string& bytes : {data(1, "x", false), data(2, "x", false), status(7, "200", true),
                                   rst(9, 0), frame(NGHTTP2_WINDOW_UPDATE, 0, 5, number(1))}) {
    start({});
    origin(bytes);
    EXPECT_EQ(closes_, 1);
  }
}

TEST_F(HostileOrigin, AnotherProtocolIsNoHttp2) {
  codec_ = makeClientCodec(*this, output_, {}, false, loop_, counters_);
  flush();
  Response& response = ask();
  origin("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response.log, "protocol");
  EXPECT_EQ(closes_, 1);
}

TEST_F(HostileOrigin, BrokenCompressionEndsTheConnection) {
  Response& response = ask();
  origin(headers(1, "\xff\xff\xff\xff\xff\xff", true));
  endsWith(NGHTTP2_COMPRESSION_ERROR);
  EXPECT_EQ(response.log, "protocol");
}

TEST_F(HostileOrigin, MoreBytesThanTheWindowEndTheStreamOrTheConnection) {
  ClientLimits limits;
  limits.streamWindow = 1000;
  start(limits);
  Response& response = ask();
  response.pauses = true;
  origin(status(1, "200", false) + data(1, std::string(1001, 'x'), false));
  EXPECT_NE(response.log, "200|");
}

TEST_F(HostileOrigin, FloodsOfFramesThatDoNothingEndTheConnection) {
  const std::string floods[] = {
      frame(NGHTTP2_PING, 0, 0, "12345678"),
      frame(NGHTTP2_SETTINGS, 0, 0, ""),
      data(1, "", false),
      frame(NGHTTP2_WINDOW_UPDATE, 0, 0, number(1)),
      frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5)),
  };
  for (const std::string& flood : floods) {
    start({});
    Response& response = ask();
    origin(status(1, "200", false));
    for (int i = 0; i < 3000 && closes_ == 0; ++i) origin(flood);
    endsWith(NGHTTP2_ENHANCE_YOUR_CALM);
    EXPECT_EQ(response.log, "200|protocol");
  }
}

TEST_F(HostileOrigin, BytesThatNobodyReadsAreNotAnsweredWithoutEnd) {
  // Pings whose answers are not taken: the codec stops reading.
  const std::string ping = frame(NGHTTP2_PING, 0, 0, "12345678");
  for (int i = 0; i < 5000; ++i) input_.append(ping);
  codec_->onData(input_, false);
  EXPECT_LT(output_.size(), 512 * 1024u);
}

}  // namespace
}  // namespace tollgate::http2
