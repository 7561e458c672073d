#include "test/http2/client_fixture.h"

namespace tollgate::http2 {
namespace {

std::string settingOf(const std::vector<Frame>& frames, uint16_t name) {
  for (size_t at = 0; at + 6 <= frames.at(0).payload.size(); at += 6) {
    const std::string each = frames.at(0).payload.substr(at, 6);
    if (each.substr(0, 2) == setting(name, 0).substr(0, 2)) return each;
  }
  return {};
}

/// A request's head, read by nghttp2.
std::string fieldsOf(const Frame& frame) {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  std::string out;
  const auto* at = reinterpret_cast<const uint8_t*>(frame.payload.data());
  size_t left = frame.payload.size();
  while (true) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, left, 1);
    if (used < 0) break;
    at += used;
    left -= static_cast<size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      out += std::string(reinterpret_cast<char*>(field.name), field.namelen) + "=" +
             std::string(reinterpret_cast<char*>(field.value), field.valuelen) + ";";
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_del(inflater);
  return out;
}

// ---- Requests ----------------------------------------------------------------------------------

TEST_F(Http2Client, BeginsWithThePrefaceAndItsLimits) {
  EXPECT_TRUE(sent_.starts_with(kPreface));
  const auto settings = sent(NGHTTP2_SETTINGS);
  EXPECT_EQ(settingOf(settings, NGHTTP2_SETTINGS_ENABLE_PUSH), setting(2, 0));
  EXPECT_EQ(settingOf(settings, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), setting(4, 256 * 1024));
  EXPECT_EQ(settingOf(settings, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), setting(6, 32 * 1024));
}

TEST_F(Http2Client, SendsWhatMayStandInHttp2) {
  ask("POST", false, 3,
      {{"X-Mixed", "Case"},
       {"Connection", "x-hop"},
       {"X-Hop", "1"},
       {"TE", "trailers"},
       {"Upgrade", "h2c"},
       {"Transfer-Encoding", "chunked"}});
  EXPECT_EQ(fieldsOf(sent(NGHTTP2_HEADERS).at(0)),
            ":method=POST;:scheme=https;:authority=a.test:8443;:path=/x?y;x-mixed=Case;"
            "te=trailers;content-length=3;");
  EXPECT_FALSE(sent(NGHTTP2_HEADERS).at(0).ends());
  ask("GET", true, -1, {{"TE", "gzip"}});
  EXPECT_EQ(fieldsOf(sent(NGHTTP2_HEADERS).at(1)).find("te="), std::string::npos);
  EXPECT_TRUE(sent(NGHTTP2_HEADERS).at(1).ends());
}

TEST_F(Http2Client, CarriesManyStreamsAtOnce) {
  Response &a = ask(), &b = ask(), &c = ask();
  EXPECT_EQ(codec_->streams(), 3u);
  origin(status(5, "201", true) + status(1, "200", false, literal("x-y", "z")) +
         data(1, "he", false));
  origin(status(3, "204", true) + data(1, "llo", true));
  EXPECT_EQ(a.log, "200|end");
  EXPECT_EQ(a.body, "hello");
  EXPECT_EQ(a.field("x-y"), "z");
  EXPECT_EQ(a.head.version, http::Version::kHttp2);
  EXPECT_EQ(b.log, "204|end");
  EXPECT_EQ(c.log, "201|end");
  EXPECT_EQ(codec_->streams(), 0u);
  EXPECT_EQ(closes_, 0);
}

TEST_F(Http2Client, CarriesBodiesAndTrailersBothWays) {
  Response& response = ask("POST", false);
  send(response, "ping", false);
  origin(status(1, "200", false) + data(1, "pong", false));
  EXPECT_EQ(response.log + response.body, "200|pong");
  http::HeaderMap trailers(response.memory);
  trailers.add("X-Sum", "7");
  response.stream->sendTrailers(trailers);
  flush();
  EXPECT_EQ(fieldsOf(sent(NGHTTP2_HEADERS).at(1)), "x-sum=7;");
  EXPECT_TRUE(sent(NGHTTP2_HEADERS).at(1).ends());
  origin(headers(1, literal("grpc-status", "0"), true));
  EXPECT_EQ(response.log, "200|grpc-status=0|end");
  EXPECT_EQ(codec_->streams(), 0u);
}

TEST_F(Http2Client, HeadsThatAreTheWholeResponse) {
  Response& response = ask();
  origin(status(1, "200", true, literal("grpc-status", "5")));
  EXPECT_EQ(response.log, "200|end");
  EXPECT_EQ(response.field("grpc-status"), "5");
}

TEST_F(Http2Client, InterimResponsesComeBeforeTheFinalOne) {
  Response& response = ask();
  origin(status(1, "103", false, literal("link", "x")) + status(1, "100", false));
  origin(status(1, "200", true));
  EXPECT_EQ(response.log, "info 103|info 100|200|end");
  EXPECT_EQ(response.field("link"), "");
}

TEST_F(Http2Client, TooManyInterimResponsesEndTheStream) {
  Response& response = ask();
  for (int i = 0; i < 33; ++i) origin(status(1, "100", false));
  EXPECT_TRUE(response.log.ends_with("protocol"));
  EXPECT_EQ(sent(NGHTTP2_RST_STREAM).at(0).errorCode(), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(closes_, 0);
}

TEST_F(Http2Client, AResponseThatEndsBeforeItsRequestStopsTheRest) {
  Response& response = ask("POST", false);
  send(response, "some", false);
  origin(status(1, "413", true));
  flush();
  EXPECT_EQ(response.log, "413|end");
  EXPECT_EQ(sent(NGHTTP2_RST_STREAM).at(0).errorCode(), NGHTTP2_CANCEL);
  EXPECT_EQ(codec_->streams(), 0u);
  origin(rst(1, NGHTTP2_NO_ERROR));  // as the origin is free to say
  EXPECT_EQ(closes_, 0);
}

TEST_F(Http2Client, AStreamThatIsGivenUpIsResetAndHearsNothingMore) {
  Response& response = ask();
  response.stream->reset(http::StreamError::kLocal);
  EXPECT_GT(outputs_, 0) << "somebody has to flush";
  flush();
  EXPECT_EQ(sent(NGHTTP2_RST_STREAM).at(0).errorCode(), NGHTTP2_CANCEL);
  origin(status(1, "200", false) + data(1, "late", true));
  EXPECT_EQ(response.log, "");
  EXPECT_EQ(codec_->streams(), 0u);
  EXPECT_EQ(closes_, 0);
}

TEST_F(Http2Client, AStreamThatWasNotUsedLeavesNoTrace) {
  codec_->open().reset(http::StreamError::kLocal);
  flush();
  EXPECT_EQ(codec_->streams(), 0u);
  EXPECT_TRUE(sent(NGHTTP2_HEADERS).empty());
  EXPECT_TRUE(sent(NGHTTP2_RST_STREAM).empty());
}

// ---- What the origin allows --------------------------------------------------------------------

TEST_F(Http2Client, HasRoomForAsManyStreamsAsTheOriginTakes) {
  start({}, setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2));
  ask();
  ask();
  EXPECT_FALSE(codec_->available());
  const int before = changes_;
  origin(status(1, "204", true));
  EXPECT_TRUE(codec_->available());
  EXPECT_GT(changes_, before);
  origin(frame(NGHTTP2_SETTINGS, 0, 0, setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1)));
  EXPECT_FALSE(codec_->available());
}

TEST_F(Http2Client, HasRoomForNoMoreThanItsOwnLimit) {
  ClientLimits limits;
  limits.maxStreams = 1;
  start(limits);
  ask();
  EXPECT_FALSE(codec_->available());
}

TEST_F(Http2Client, ARefusedStreamMayBeSentElsewhereAndOthersGoOn) {
  Response &a = ask(), &b = ask();
  origin(rst(3, NGHTTP2_REFUSED_STREAM));
  EXPECT_EQ(b.log, "refused");
  EXPECT_FALSE(codec_->available()) << "the origin has enough for now";
  origin(status(1, "200", true));
  EXPECT_EQ(a.log, "200|end");
  EXPECT_TRUE(codec_->available());
  EXPECT_EQ(counters_.refused.value(), 1);
}

TEST_F(Http2Client, AnOriginThatRefusesEverythingIsLeft) {
  Response& response = ask();
  origin(rst(1, NGHTTP2_REFUSED_STREAM));
  EXPECT_EQ(response.log, "refused");
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Client, GoawayRefusesWhatTheOriginHasNotLookedAt) {
  Response &a = ask(), &b = ask("POST");
  origin(goaway(1, NGHTTP2_NO_ERROR));
  EXPECT_EQ(b.log, "refused");
  EXPECT_FALSE(codec_->available());
  EXPECT_EQ(closes_, 0) << "the other one goes on";
  origin(status(1, "200", false) + data(1, "x", true));
  EXPECT_EQ(a.log, "200|end");
  EXPECT_EQ(closes_, 1);
  EXPECT_EQ(counters_.goaways.value(), 1);
}

TEST_F(Http2Client, AStreamThatTheOriginResetsFailsAlone) {
  Response &a = ask(), &b = ask();
  origin(status(1, "200", false) + data(1, "par", false) + rst(1, NGHTTP2_INTERNAL_ERROR));
  EXPECT_EQ(a.log, "200|reset");
  EXPECT_EQ(a.body, "par");
  EXPECT_EQ(b.log, "");
  EXPECT_TRUE(codec_->available());
}

TEST_F(Http2Client, AResetAfterTheResponseIsNoError) {
  Response& response = ask("POST", false);
  origin(status(1, "200", false) + data(1, "x", true) + rst(1, NGHTTP2_NO_ERROR));
  EXPECT_EQ(response.log, "200|end");
}

TEST_F(Http2Client, AConnectionThatBreaksFailsWhatIsNotComplete) {
  Response &a = ask(), &b = ask();
  a.pauses = true;
  origin(status(1, "200", false) + data(1, "whole", true) + status(3, "200", false));
  EXPECT_EQ(a.log + a.body, "200|");
  codec_->onConnectionClosed("connection reset by peer");
  EXPECT_EQ(a.log, "200|end") << "all of it had arrived";
  EXPECT_EQ(a.body, "whole");
  EXPECT_EQ(b.log, "200|closed");
  EXPECT_EQ(b.detail, "connection reset by peer");
}

TEST_F(Http2Client, AnOriginThatEndsTheConnectionIsGone) {
  Response& response = ask();
  codec_->onData(input_, true);
  EXPECT_EQ(response.log, "closed");
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Client, TakesLeaveWithGoaway) {
  codec_->leave();
  take();
  EXPECT_EQ(goawayCode(), static_cast<uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_EQ(closes_, 1);
}

TEST_F(Http2Client, AnOriginThatIsSilentAfterATimeoutHasToAnswerAPing) {
  ClientLimits limits;
  limits.pingTimeout = event::Millis(1);
  start(limits);
  Response &slow = ask(), &other = ask();
  slow.stream->reset(http::StreamError::kTimeout);
  flush();
  EXPECT_FALSE(codec_->available());
  ASSERT_EQ(sent(NGHTTP2_PING).size(), 1u);
  for (int i = 0; i < 2000 && closes_ == 0; ++i) loop_.runOnce(event::Millis(5));
  EXPECT_EQ(closes_, 1);
  EXPECT_EQ(other.log, "closed");
  EXPECT_EQ(counters_.silent.value(), 1);
}

TEST_F(Http2Client, AnOriginThatAnswersThePingIsTrustedAgain) {
  Response& slow = ask();
  slow.stream->reset(http::StreamError::kTimeout);
  flush();
  EXPECT_FALSE(codec_->available());
  const int before = changes_;
  origin(frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, sent(NGHTTP2_PING).at(0).payload));
  EXPECT_TRUE(codec_->available());
  EXPECT_GT(changes_, before) << "its owner is told";
}

// ---- Flow control ------------------------------------------------------------------------------

TEST_F(Http2Client, SendsNoMoreThanTheOriginHasRoomFor) {
  start({}, setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10));
  Response& response = ask("POST", false);
  send(response, std::string(100 * 1024, 'x'), false);
  auto bytes = [&] {
    size_t sum = 0;
    for (const Frame& each : sent(NGHTTP2_DATA)) sum += each.payload.size();
    return sum;
  };
  EXPECT_EQ(bytes(), 10u);
  EXPECT_EQ(response.stream->sent(), 10u);
  EXPECT_EQ(response.stream->queued(), 100 * 1024u - 10);
  EXPECT_TRUE(response.stream->congested());
  EXPECT_EQ(response.writable, 0);
  origin(frame(NGHTTP2_WINDOW_UPDATE, 0, 1, number(60000)));
  EXPECT_EQ(bytes(), 60010u > 65535u ? 65535u : 60010u);
  origin(frame(NGHTTP2_WINDOW_UPDATE, 0, 1, number(60000)) +
         frame(NGHTTP2_WINDOW_UPDATE, 0, 0, number(60000)));
  EXPECT_EQ(bytes(), 100 * 1024u);
  EXPECT_EQ(response.writable, 1);
  EXPECT_FALSE(response.stream->congested());
}

TEST_F(Http2Client, AStreamThatIsNotReadIsHeldBackAndKeepsNobodyWaiting) {
  ClientLimits limits;
  limits.streamWindow = 64 * 1024;
  limits.connectionWindow = 128 * 1024;
  start(limits);
  Response &slow = ask(), &quick = ask();
  slow.pauses = true;
  origin(status(1, "200", false) + status(3, "200", false));
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 4; ++i) origin(data(1, piece, false));
  EXPECT_EQ(slow.body, "");
  for (int i = 0; i < 40; ++i) origin(data(3, piece, false));
  EXPECT_EQ(quick.body.size(), 40 * piece.size()) << "windows came back";
  EXPECT_EQ(closes_, 0);
  for (const Frame& each : sent(NGHTTP2_WINDOW_UPDATE)) EXPECT_NE(each.id, 1);
  slow.stream->pauseBody(false);
  flush();
  EXPECT_EQ(slow.body.size(), 4 * piece.size());
  EXPECT_EQ(sent(NGHTTP2_WINDOW_UPDATE).back().id, 1);
}

TEST_F(Http2Client, WhatStreamsHoldTogetherIsBounded) {
  ClientLimits limits;
  limits.streamWindow = 64 * 1024;
  limits.connectionWindow = 128 * 1024;
  limits.heldBytes = 16 * 1024;
  start(limits);
  std::vector<Response*> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(&ask());
    slow.back()->pauses = true;
    origin(status(2 * i + 1, "200", false));
  }
  auto updates = [&] {
    size_t count = 0;
    for (const Frame& each : sent(NGHTTP2_WINDOW_UPDATE)) count += each.id == 0 ? 1 : 0;
    return count;
  };
  const size_t before = updates();
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 8; ++i) origin(data(2 * (i % 4) + 1, piece, false));
  EXPECT_EQ(updates(), before) << "the connection's window is used up";
  for (Response* each : slow) each->stream->pauseBody(false);
  flush();
  EXPECT_GT(updates(), before);
  EXPECT_EQ(slow[3]->body.size(), 2 * piece.size());
}

TEST_F(Http2Client, WhatIsGivenUpWhileItWaitsIsGivenBackOnce) {
  ClientLimits limits;
  limits.streamWindow = 64 * 1024;
  limits.connectionWindow = 128 * 1024;
  start(limits);
  const std::string piece(16 * 1024, 'x');
  Response& slow = ask();
  slow.pauses = true;
  origin(status(1, "200", false) + data(1, piece, false));
  slow.stream->reset(http::StreamError::kLocal);
  flush();
  Response& quick = ask();
  origin(status(3, "200", false));
  for (int i = 0; i < 40; ++i) origin(data(3, piece, false));
  EXPECT_EQ(quick.body.size(), 40 * piece.size()) << "the connection's window comes back";
  EXPECT_EQ(closes_, 0);
}

}  // namespace
}  // namespace tollgate::http2
