#include "test/http2/codec_fixture.h"

namespace tollgate::http2 {
namespace {

TEST_F(Http2Test, ServesARequestWithoutContent) {
  int32_t id = request({{"cookie", "a=1"}, {"x-a", "b"}, {"cookie", "c=2"}});
  exchange();
  ASSERT_EQ(sinks_.size(), 1u);
  http::RequestHead& head = sinks_[0]->head;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.host, "test");
  EXPECT_EQ(head.headers.get("host"), "test");
  EXPECT_EQ(head.headers.get("cookie"), "a=1; c=2");
  EXPECT_EQ(replies_[id].fields[":status"], "200");
  EXPECT_EQ(replies_[id].fields["content-type"], "text/plain");
  EXPECT_EQ(replies_[id].fields.count("connection"), 0u);
  EXPECT_EQ(replies_[id].body, "hello");
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(codec_->idle());
  EXPECT_TRUE(sinks_[0]->resets.empty());
}

TEST_F(Http2Test, CarriesLargeBodiesBothWaysThroughSmallWindows) {
  Http2Limits limits;
  limits.streamWindow = 1000;
  start(limits, 500);
  std::string body;
  for (int i = 0; i < 60000; ++i) body += std::to_string(i);
  int32_t id = request({}, &body);
  exchange();
  EXPECT_EQ(sinks_[0]->body, body);
  EXPECT_EQ(replies_[id].body, body);
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_NO_ERROR);
}

TEST_F(Http2Test, APausedBodyStopsTheClientAtTheWindow) {
  answerAtOnce_ = false;
  std::string body(1024 * 1024, 'x');
  request({{"x-a", "b"}}, &body);
  const uint8_t* bytes = nullptr;
  ssize_t size = 0;
  exchange();
  EXPECT_EQ(sinks_[0]->body.size(), body.size());
  request({}, &body);
  while ((size = nghttp2_session_mem_send(client_, &bytes)) > 0 && sinks_.size() < 2) {
    input_.append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
    codec_->onData(input_, false);
  }
  input_.append(
      {reinterpret_cast<const char*>(bytes), static_cast<size_t>(std::max<ssize_t>(size, 0))});
  sinks_[1]->stream.pauseBody(true);
  exchange();
  EXPECT_LE(sinks_[1]->body.size(), 256u * 1024);
  EXPECT_FALSE(sinks_[1]->ended);
  sinks_[1]->stream.pauseBody(false);
  codec_->flush();
  exchange();
  EXPECT_EQ(sinks_[1]->body.size(), body.size());
  EXPECT_TRUE(sinks_[1]->ended);
}

TEST_F(Http2Test, CarriesTrailersBothWays) {
  answerAtOnce_ = false;
  std::string body = "content";
  trailers_ = {{"x-trail", "end"}};
  int32_t id = request({}, &body);
  exchange();
  EXPECT_EQ(sinks_[0]->body, "content");
  EXPECT_EQ(sinks_[0]->trailer, "end");
  sinks_[0]->respond(200, false);
  sinks_[0]->send("answer", false);
  codec_->flush();
  exchange();
  http::HeaderMap fields(sinks_[0]->memory);
  fields.add("Grpc-Status", "0");
  sinks_[0]->stream.sendTrailers(fields);
  codec_->flush();
  exchange();
  EXPECT_EQ(replies_[id].body, "answer");
  EXPECT_EQ(replies_[id].fields["grpc-status"], "0");
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_NO_ERROR);
}

TEST_F(Http2Test, CongestionIsToldAndRelieved) {
  answerAtOnce_ = false;
  int32_t id = request();
  exchange();
  sinks_[0]->respond(200, false);
  sinks_[0]->send(std::string(200 * 1024, 'x'), false);
  EXPECT_TRUE(sinks_[0]->stream.congested());
  codec_->flush();
  exchange();
  EXPECT_GE(sinks_[0]->writable, 1);
  sinks_[0]->send("", true);
  codec_->flush();
  exchange();
  EXPECT_EQ(replies_[id].body.size(), 200u * 1024);
}

TEST_F(Http2Test, HeadResponsesCarryNoContent) {
  int32_t id =
      request({}, nullptr,
              {{":method", "HEAD"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}});
  exchange();
  EXPECT_EQ(replies_[id].fields[":status"], "200");
  EXPECT_EQ(replies_[id].body, "");
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_NO_ERROR);
}

TEST_F(Http2Test, AnEarlyAnswerEndsTheUploadWithoutAnError) {
  answerAtOnce_ = false;
  std::string body(600 * 1024, 'x');
  int32_t id = request({}, &body);
  const uint8_t* bytes = nullptr;
  ssize_t size = 0;
  while (sinks_.empty() && (size = nghttp2_session_mem_send(client_, &bytes)) > 0) {
    input_.append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
    codec_->onData(input_, false);
  }
  ASSERT_EQ(sinks_.size(), 1u);
  sinks_[0]->respond(403, true);
  codec_->flush();
  exchange();
  EXPECT_EQ(replies_[id].fields[":status"], "403");
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_NO_ERROR);
  EXPECT_EQ(codec_->activeStreams(), 0u);
}

TEST_F(Http2Test, AResetOfTheClientReachesTheSink) {
  answerAtOnce_ = false;
  int32_t id = request();
  exchange();
  nghttp2_submit_rst_stream(client_, 0, id, NGHTTP2_CANCEL);
  exchange();
  EXPECT_EQ(sinks_[0]->resets, std::vector<http::StreamError>{http::StreamError::kPeerClosed});
  EXPECT_EQ(codec_->activeStreams(), 0u);
}

TEST_F(Http2Test, AResetOfOursReachesTheClient) {
  answerAtOnce_ = false;
  int32_t id = request();
  exchange();
  sinks_[0]->stream.reset(http::StreamError::kRefused);
  codec_->flush();
  exchange();
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_REFUSED_STREAM);
  EXPECT_TRUE(sinks_[0]->resets.empty());
}

TEST_F(Http2Test, BadHeadsAreRefused) {
  auto head = [](std::string method, std::string path, std::string authority) {
    return Fields{
        {":method", method}, {":scheme", "http"}, {":path", path}, {":authority", authority}};
  };
  std::vector<Fields> bad = {head("GE T", "/", "test"),    head("GET", "/a b", "test"),
                             head("GET", "/#f", "test"),   head("GET", "/", "user@test"),
                             head("GET", "/", "test:1:2"), head("CONNECT", "/", "test"),
                             head("GET", "*", "test"),     head("GET", "/", "te st")};
  for (const auto& fields : bad) request({}, nullptr, fields);
  request({{"host", "other"}});
  request({{"x-a", "a\nb"}});
  exchange();
  for (const auto& sink : sinks_) EXPECT_EQ(sink->heads, 0) << sink->head.method;
  EXPECT_EQ(codec_->activeStreams(), 0u);
  EXPECT_EQ(closes_, 0);
}

TEST_F(Http2Test, TooLargeHeadsAreAnsweredWith431) {
  Fields many;
  for (int i = 0; i < 300; ++i) many.push_back({"x-" + std::to_string(i), "v"});
  int32_t first = request(many);
  int32_t second = request({{"x-large", std::string(33 * 1024, 'x')}});
  int32_t third = request({}, nullptr,
                          {{":method", "GET"},
                           {":scheme", "http"},
                           {":path", "/" + std::string(9000, 'x')},
                           {":authority", "test"}});
  exchange();
  EXPECT_EQ(replies_[first].fields[":status"], "431");
  EXPECT_EQ(replies_[second].fields[":status"], "431");
  EXPECT_EQ(replies_[third].fields[":status"], "414");
}

TEST_F(Http2Test, ABodyThatDiffersFromItsLengthResetsTheStream) {
  std::string body = "hello";
  int32_t id = request({{"content-length", "4"}}, &body);
  exchange();
  EXPECT_EQ(replies_[id].closedWith, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(sinks_[0]->resets.size(), 1u);
}

TEST_F(Http2Test, RapidResetsEmptyTheAccount) {
  answerAtOnce_ = false;
  for (int i = 0; i < 200 && closes_ == 0; ++i) {
    int32_t id = request();
    exchange();
    nghttp2_submit_rst_stream(client_, 0, id, NGHTTP2_CANCEL);
    exchange();
  }
  EXPECT_TRUE(calmed());
  EXPECT_EQ(counters_.calmed, 1u);
  EXPECT_LE(sinks_.size(), 60u);
}

TEST_F(Http2Test, PingSettingsPriorityAndEmptyFrameFloodsEndTheConnection) {
  std::string empty;
  for (const std::string& flood :
       {frame(6, 0, 0, "12345678"), frame(4, 0, 0, ""), frame(2, 0, 3, std::string(5, '\0')),
        frame(8, 0, 0, std::string("\0\0\0\1", 4))}) {
    closes_ = 0;
    input_.clear();
    start({});
    exchange();
    sent_.clear();
    for (int i = 0; i < 3000 && closes_ == 0; ++i) raw(flood);
    EXPECT_TRUE(calmedOnTheWire()) << static_cast<int>(flood[3]);
  }
}

TEST_F(Http2Test, EmptyDataFramesEndTheConnection) {
  answerAtOnce_ = false;
  exchange();
  // Indexed: POST, http, "/"; literal :authority.
  raw(frame(1, 4, 1, std::string("\x83\x86\x84\x41\x04test", 9)));
  ASSERT_EQ(sinks_.size(), 1u);
  for (int i = 0; i < 3000 && closes_ == 0; ++i) raw(frame(0, 0, 1, ""));
  EXPECT_TRUE(calmed());
  EXPECT_EQ(sinks_[0]->resets.size(), 1u);
}

TEST_F(Http2Test, ContinuationFloodsEndTheConnection) {
  exchange();
  raw(frame(1, 0, 1, std::string("\x83\x86\x84", 3)));
  for (int i = 0; i < 50 && closes_ == 0; ++i) raw(frame(9, 0, 1, ""));
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Test, AWrongPrefaceClosesTheConnection) {
  raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Test, DrainLetsRequestsFinishAndClosesThen) {
  answerAtOnce_ = false;
  int32_t id = request();
  exchange();
  codec_->drain();
  codec_->flush();
  exchange();
  ASSERT_EQ(goaways_.size(), 2u);
  EXPECT_EQ(goaways_[0].first, 0x7fffffff);
  EXPECT_EQ(goaways_[1].first, id);
  EXPECT_EQ(closes_, 0);
  sinks_[0]->answer("late");
  codec_->flush();
  exchange();
  EXPECT_EQ(replies_[id].body, "late");
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Test, AClosedConnectionResetsItsStreams) {
  answerAtOnce_ = false;
  request();
  exchange();
  codec_->onConnectionClosed();
  EXPECT_EQ(sinks_[0]->resets.size(), 1u);
  EXPECT_EQ(codec_->activeStreams(), 0u);
}

}  // namespace
}  // namespace tollgate::http2
