#include "test/http2/codec_fixture.h"

/// What one connection may make the gateway hold, over all its streams.
namespace tollgate::http2 {
namespace {

constexpr size_t kPiece = buffer::SlabPool::kSlabBytes;

class Http2HeldBytes : public Http2Test {
 protected:
  void SetUp() override {
    answerAtOnce_ = false;
    startRaw();
  }
  /// No stream may send anything.
  void shutWindows() { raw(frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\x04\0\0\0\0", 6))); }
  static std::string update(int32_t id, uint32_t bytes) {
    std::string payload;
    for (int shift : {24, 16, 8, 0}) payload += static_cast<char>(bytes >> shift);
    return frame(NGHTTP2_WINDOW_UPDATE, 0, id, payload);
  }
  /// Origins that send as much as they may.
  void sendWhileAllowed() {
    for (size_t i = 0; i < sinks_.size(); ++i) {
      Sink& sink = *sinks_[i];
      if (sink.heads == 0 || !sink.resets.empty()) continue;
      if (given_.size() <= i) given_.resize(i + 1);
      if (given_[i] == kEnded) continue;
      if (given_[i] == 0) sink.respond(200, false);
      while (!sink.stream.congested()) {
        sink.send(std::string(kPiece, 'x'), false);
        given_[i] += kPiece;
      }
    }
    codec_->flush();
    receive();
  }
  size_t total() const {
    size_t sum = 0;
    for (size_t each : given_) sum += each;
    return sum;
  }
  size_t begun() const {
    size_t count = 0;
    for (const auto& sink : sinks_) count += static_cast<size_t>(sink->heads);
    return count;
  }
  size_t dataSent() const {
    size_t sum = 0;
    for (const Frame& each : framesSent()) {
      if (each.type == NGHTTP2_DATA) sum += each.payload.size();
    }
    return sum;
  }
  static constexpr size_t kEnded = SIZE_MAX;
  std::vector<size_t> given_;  ///< Bytes that each sink has sent.
};

TEST_F(Http2HeldBytes, StreamsThatNobodyReadsAreBoundedInSum) {
  shutWindows();
  for (int32_t id = 1; id < 2 * 128; id += 2) {
    raw(head(id, true, false));
    sendWhileAllowed();
  }
  EXPECT_LE(total(), Http2Limits{}.heldBytes + kPiece);
  EXPECT_LT(begun(), 128u);  // the others wait
  EXPECT_GT(begun(), 30u);
}

TEST_F(Http2HeldBytes, RequestsThatComeAtOnceAreBoundedToo) {
  shutWindows();
  std::string all;
  for (int32_t id = 1; id < 2 * 128; id += 2) all += head(id, true, false);
  raw(all);
  EXPECT_EQ(begun(), 33u);
  sendWhileAllowed();
  EXPECT_LE(total(), Http2Limits{}.heldBytes * 3 / 2);
}

TEST_F(Http2HeldBytes, RequestsThatWaitedAreServedInTheirOrder) {
  shutWindows();
  std::string all;
  for (int32_t id = 1; id < 2 * 128; id += 2) all += head(id, true, false);
  raw(all);
  sendWhileAllowed();
  size_t before = begun();
  ASSERT_LT(before, 128u);
  raw(update(0, 100'000'000));
  for (int32_t id = 1; id < 2 * 128; id += 2) raw(update(id, 1'000'000));
  for (int round = 0; round < 400 && begun() < 128; ++round) {
    sendWhileAllowed();
    for (size_t i = 0; i < sinks_.size(); ++i) {
      // The first ones end, so that there is room for the next.
      if (sinks_[i]->heads == 0 || given_.size() <= i || given_[i] == kEnded) continue;
      sinks_[i]->send("", true);
      given_[i] = kEnded;
      break;
    }
    codec_->flush();
    receive();
    for (size_t i = 1; i < sinks_.size(); ++i) EXPECT_GE(sinks_[i - 1]->heads, sinks_[i]->heads);
  }
  EXPECT_EQ(begun(), 128u);
}

TEST_F(Http2HeldBytes, AStreamThatIsReadFlowsBesideThoseThatAreNot) {
  shutWindows();
  for (int32_t id = 1; id < 40; id += 2) {
    raw(head(id, true, false));
    sendWhileAllowed();
  }
  raw(head(41, true, false));
  ASSERT_EQ(begun(), 21u);
  raw(update(0, 100'000'000));
  size_t before = dataSent();
  for (int round = 0; round < 100; ++round) {
    sendWhileAllowed();
    raw(update(41, kPiece));
  }
  EXPECT_GE(dataSent() - before, 90 * kPiece);
  EXPECT_LE(total() - dataSent(), Http2Limits{}.heldBytes + kPiece);
}

/// Uploads that no origin takes: `streams` of them, each sending what its window allows.
class Http2HeldBodies : public Http2HeldBytes {
 protected:
  void upload(int streams) {
    const std::string piece(kPiece, 'x');
    for (int i = 0; i < streams; ++i) raw(head(2 * i + 1, false));
    for (auto& sink : sinks_) sink->holds = true;
    // The window of the connection is what the client has, and what it was given since.
    size_t window = 65535;
    for (int round = 0; round < 16; ++round) {
      for (int i = 0; i < streams; ++i) {
        size_t given = window;
        for (const Frame& each : framesSent()) {
          if (each.type == NGHTTP2_WINDOW_UPDATE && each.id == 0) given += each.errorCode();
        }
        if (uploaded_ + kPiece > given) return;
        raw(frame(NGHTTP2_DATA, 0, 2 * i + 1, piece));
        uploaded_ += kPiece;
      }
    }
  }
  size_t held() const {
    size_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->heldBody();
    return sum;
  }
  size_t taken() const {
    size_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->body.size();
    return sum;
  }
  size_t uploaded_ = 0;
};

TEST_F(Http2HeldBodies, AreBoundedInSum) {
  upload(128);
  EXPECT_EQ(closes_, 0);
  EXPECT_LE(held(), Http2Limits{}.heldBytes + kPiece);
  EXPECT_GE(held(), Http2Limits{}.heldBytes);
  EXPECT_LE(uploaded_, Http2Limits{}.heldBytes + Http2Limits{}.connectionWindow + 2 * kPiece);
}

TEST_F(Http2HeldBodies, GoOnWhenAnOriginTakesSome) {
  upload(128);
  const size_t before = taken();
  ASSERT_LT(before, uploaded_);
  for (auto& sink : sinks_) sink->let = sink->body.size();
  // No call tells the codec of it.
  EXPECT_TRUE(until([&] { return taken() == uploaded_; }));
}

TEST_F(Http2HeldBodies, DoNotWaitForCopiesThatAreKeptForAnotherAttempt) {
  const std::string piece(kPiece, 'x');
  const int streams = static_cast<int>(Http2Limits{}.heldBytes / kPiece) + 16;
  for (int i = 0; i < streams; ++i) raw(head(2 * i + 1, false));
  for (auto& sink : sinks_) sink->holds = sink->spare = true;
  for (int i = 0; i < streams; ++i) raw(frame(NGHTTP2_DATA, 0, 2 * i + 1, piece));
  EXPECT_EQ(taken(), static_cast<size_t>(streams) * kPiece);
  EXPECT_LE(held(), Http2Limits{}.heldBytes + kPiece);
  // No more is let go than there is need to.
  EXPECT_GE(held(), Http2Limits{}.heldBytes - kPiece);
}

TEST_F(Http2HeldBodies, GoOnWhenAStreamEnds) {
  upload(128);
  const size_t before = taken();
  for (int i = 0; i < 32; ++i) raw(frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, std::string(4, 0)));
  EXPECT_GT(taken(), before);
}

TEST_F(Http2HeldBytes, ManyRequestsOfAClientThatReadsDoNotWait) {
  std::string all;
  for (int32_t id = 1; id < 2 * 128; id += 2) all += head(id, true, false);
  raw(all);
  EXPECT_EQ(begun(), 128u);
}

TEST_F(Http2HeldBytes, WhatACancelledStreamHeldIsFree) {
  shutWindows();
  for (int round = 0; round < 2; ++round) {
    int32_t first = 1 + round * 400;
    for (int32_t id = first; id < first + 20; id += 2) raw(head(id, true, false));
    sendWhileAllowed();
    for (int32_t id = first; id < first + 20; id += 2) {
      raw(frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0\x08", 4)));
    }
    EXPECT_EQ(codec_->activeStreams(), 0u);
  }
  shutWindows();
  raw(head(2001, true, false));
  size_t before = total();
  sendWhileAllowed();
  EXPECT_GE(total() - before, Http2Limits{}.streamHighBytes);
}

}  // namespace
}  // namespace tollgate::http2
