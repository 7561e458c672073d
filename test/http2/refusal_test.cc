#include "test/http2/codec_fixture.h"

/// Answers that come before the request's body has: the client always gets to read them.
namespace tollgate::http2 {
namespace {

class Http2Refusal : public Http2Test {
 protected:
  /// A request on stream 1 that is answered before its body comes.
  void refuse(const Http2Limits& limits = {}) {
    answerAtOnce_ = false;
    startRaw(limits);
    raw(head(1, false));
    ASSERT_EQ(sinks_.size(), 1u);
    sinks_[0]->respond(401, false);
    sinks_[0]->send("denied", true);
    codec_->flush();
    receive();
  }
  const Frame* sentReset() {
    frames_ = framesSent();
    for (const Frame& each : frames_) {
      if (each.type == NGHTTP2_RST_STREAM) return &each;
    }
    return nullptr;
  }
  size_t windowGivenBack(int32_t id) {
    size_t sum = 0;
    for (const Frame& each : framesSent()) {
      if (each.type != NGHTTP2_WINDOW_UPDATE || each.id != id) continue;
      Frame copy = each;
      sum += copy.errorCode();
    }
    return sum;
  }
  bool answered() {
    for (const Frame& each : framesSent()) {
      if (each.type == NGHTTP2_DATA && (each.flags & NGHTTP2_FLAG_END_STREAM) != 0) return true;
    }
    return false;
  }
  std::vector<Frame> frames_;
};

TEST_F(Http2Refusal, NoResetLeavesWithTheEndOfTheAnswer) {
  refuse();
  EXPECT_TRUE(answered());
  EXPECT_EQ(sentReset(), nullptr);
  EXPECT_EQ(codec_->activeStreams(), 1u);
}

TEST_F(Http2Refusal, TheBodyIsDroppedAndItsWindowGivenBack) {
  refuse();
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 64; ++i) raw(frame(NGHTTP2_DATA, 0, 1, piece));
  EXPECT_EQ(sentReset(), nullptr);
  EXPECT_GE(windowGivenBack(1), 64 * piece.size() - 256 * 1024);
  EXPECT_GE(windowGivenBack(0), 64 * piece.size());
  raw(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, piece));
  EXPECT_EQ(codec_->activeStreams(), 0u);
  EXPECT_EQ(sentReset(), nullptr);
}

TEST_F(Http2Refusal, ABodyWithoutEndIsResetWithNoErrorAtTheLimit) {
  Http2Limits limits;
  limits.discardBytes = 100 * 1024;
  refuse(limits);
  const std::string piece(16 * 1024, 'x');
  int sent = 0;
  for (; sent < 100 && sentReset() == nullptr; ++sent) raw(frame(NGHTTP2_DATA, 0, 1, piece));
  ASSERT_NE(sentReset(), nullptr);
  EXPECT_EQ(sentReset()->errorCode(), NGHTTP2_NO_ERROR);
  EXPECT_EQ(sent, 7);
  EXPECT_EQ(counters_.lingerBytes, 1u);
  EXPECT_EQ(codec_->activeStreams(), 0u);
  // What was on its way is late, and no error.
  raw(frame(NGHTTP2_DATA, 0, 1, piece) + head(1, true) + head(3, true, false));
  EXPECT_EQ(closes_, 0);
  EXPECT_EQ(sinks_.size(), 2u);
}

TEST_F(Http2Refusal, AClientThatSaysNothingMoreIsResetAfterAWhile) {
  Http2Limits limits;
  limits.discardIdle = event::Millis(20);
  refuse(limits);
  ASSERT_TRUE(until([&] { return sentReset() != nullptr; }));
  EXPECT_GT(outputs_, 0);  // else nobody would write it
  EXPECT_EQ(sentReset()->errorCode(), NGHTTP2_NO_ERROR);
  EXPECT_EQ(codec_->activeStreams(), 0u);
  EXPECT_EQ(counters_.lingerIdle, 1u);
}

TEST_F(Http2Refusal, AClientThatTricklesIsResetAfterAllTheTime) {
  Http2Limits limits;
  limits.discardIdle = event::Millis(10000);
  limits.discardTime = event::Millis(50);
  limits.sendTimeout = event::Millis(10);  // looks often
  refuse(limits);
  ASSERT_TRUE(until([&] {
    if (codec_->activeStreams() != 0) raw(frame(NGHTTP2_DATA, 0, 1, "x"));
    return sentReset() != nullptr;
  }));
  EXPECT_EQ(sentReset()->errorCode(), NGHTTP2_NO_ERROR);
  EXPECT_EQ(counters_.lingerTime, 1u);
}

TEST_F(Http2Refusal, HeadsThatCannotBeServedAreAnsweredInTheSameWay) {
  answerAtOnce_ = false;
  startRaw();
  // "Host: other" beside :authority: an error of the codec's own.
  std::string block = std::string("\x83\x86\x84\x41\x04test") + std::string("\x66\x05other");
  raw(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block));
  ASSERT_EQ(sinks_.size(), 1u);
  EXPECT_EQ(sinks_[0]->errorStatus, 400);
  EXPECT_EQ(sentReset(), nullptr);
  raw(frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "body"));
  EXPECT_EQ(codec_->activeStreams(), 0u);
  EXPECT_EQ(sentReset(), nullptr);
}

TEST_F(Http2Refusal, AnAnswerThatNobodyTakesLosesItsStream) {
  answerAtOnce_ = false;
  Http2Limits limits;
  limits.sendTimeout = event::Millis(20);
  startRaw(limits);
  // SETTINGS_INITIAL_WINDOW_SIZE 0.
  raw(frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\x04\0\0\0\0", 6)) + head(1, true, false));
  ASSERT_EQ(sinks_.size(), 1u);
  sinks_[0]->respond(200, false);
  sinks_[0]->send("nobody reads this", false);
  codec_->flush();
  ASSERT_TRUE(until([&] { return sentReset() != nullptr; }));
  EXPECT_EQ(sentReset()->errorCode(), NGHTTP2_CANCEL);
  EXPECT_EQ(sinks_[0]->resets, std::vector<http::StreamError>{http::StreamError::kTimeout});
  EXPECT_EQ(codec_->activeStreams(), 0u);
  EXPECT_EQ(counters_.sendTimeout, 1u);
}

TEST_F(Http2Refusal, AClientThatTakesTheAnswerSlowlyKeepsItsStream) {
  answerAtOnce_ = false;
  Http2Limits limits;
  limits.sendTimeout = event::Millis(20);
  startRaw(limits);
  raw(frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\x04\0\0\0\0", 6)) + head(1, true, false));
  sinks_[0]->respond(200, false);
  sinks_[0]->send(std::string(60'000, 'x'), true);
  codec_->flush();
  auto begun = event::Clock::now();
  // One byte in each pass of the loop, for some times the limit; then all.
  ASSERT_TRUE(until([&] {
    if (codec_->activeStreams() == 0) return true;
    bool all = event::Clock::now() - begun > 4 * limits.sendTimeout;
    raw(frame(NGHTTP2_WINDOW_UPDATE, 0, 1, std::string(all ? "\0\1\0\0" : "\0\0\0\1", 4)));
    return false;
  }));
  EXPECT_EQ(sentReset(), nullptr);
  EXPECT_TRUE(answered());
}

}  // namespace
}  // namespace tollgate::http2
