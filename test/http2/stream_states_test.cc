#include "test/http2/codec_fixture.h"

/// Every type of frame on every state of a stream (RFC 9113 section 5.1).
namespace tollgate::http2 {
namespace {

/// What comes of a frame: nothing that the client would notice as an error, the end of the stream,
/// or the end of the connection.
struct Outcome {
  enum class Scope { kFine, kStream, kConnection } scope = Scope::kFine;
  uint32_t code = 0;
  bool operator==(const Outcome&) const = default;
};
constexpr Outcome kFine{};
constexpr Outcome stream(uint32_t code) { return {Outcome::Scope::kStream, code}; }
constexpr Outcome connection(uint32_t code) { return {Outcome::Scope::kConnection, code}; }

void PrintTo(const Outcome& outcome, std::ostream* out) {
  const char* scope[] = {"fine", "stream error ", "connection error "};
  *out << scope[static_cast<int>(outcome.scope)];
  if (outcome.scope != Outcome::Scope::kFine) *out << outcome.code;
}

enum class State {
  kIdle,
  kSkipped,           ///< A number below one that was used.
  kOpen,              ///< The body is coming.
  kHalfClosedRemote,  ///< The request is complete, the answer is not.
  kHalfClosedLocal,   ///< The answer is complete, the request is not.
  kEnded,             ///< Both are complete.
  kResetByClient,
  kResetByClientAfterEnd,
  kResetByServer,
  kResetByServerAfterEnd,
};

constexpr int32_t kId = 5;

class Http2States : public Http2Test {
 protected:
  struct FrameCase {
    const char* name;
    std::string bytes;
    std::map<State, Outcome> outcomes;  ///< Those that are not fine.
  };
  static std::vector<FrameCase> frameCases();
  void enter(State state) {
    answerAtOnce_ = false;
    startRaw();
    switch (state) {
      case State::kIdle:
        return raw(head(3, true));
      case State::kSkipped:
        return raw(head(3, true) + head(7, true));
      case State::kOpen:
        return raw(head(kId, false));
      case State::kHalfClosedRemote:
        return raw(head(kId, true));
      case State::kHalfClosedLocal:
        raw(head(kId, false));
        return answerIt();
      case State::kEnded:
        raw(head(kId, true));
        return answerIt();
      case State::kResetByClient:
        return raw(head(kId, false) + resetFrame());
      case State::kResetByClientAfterEnd:
        return raw(head(kId, true) + resetFrame());
      case State::kResetByServer:
      case State::kResetByServerAfterEnd:
        raw(head(kId, state == State::kResetByServerAfterEnd));
        sinks_.back()->stream.reset(http::StreamError::kLocal);
        codec_->flush();
        return receive();
    }
  }
  void answerIt() {
    sinks_.back()->respond(200, false);
    sinks_.back()->send("answer", true);
    codec_->flush();
    receive();
  }
  static std::string resetFrame() {
    return frame(NGHTTP2_RST_STREAM, 0, kId, std::string("\0\0\0\x08", 4));
  }
  Outcome outcomeOf(const std::string& bytes) {
    sent_.clear();
    raw(bytes);
    for (const Frame& each : framesSent()) {
      if (each.type == NGHTTP2_GOAWAY) return connection(each.errorCode());
    }
    for (const Frame& each : framesSent()) {
      if (each.type == NGHTTP2_RST_STREAM && each.id == kId) return stream(each.errorCode());
    }
    return kFine;
  }
  /// The connection goes on, its field compression included.
  bool servesAnother() {
    size_t before = sinks_.size();
    raw(head(1001, true, false));
    return sinks_.size() == before + 1 && sinks_.back()->head.host == "test";
  }
};

std::vector<Http2States::FrameCase> Http2States::frameCases() {
  using enum State;
  const Outcome protocol = connection(NGHTTP2_PROTOCOL_ERROR);
  const Outcome closed = connection(NGHTTP2_STREAM_CLOSED);
  auto everywhere = [](Outcome outcome) {
    std::map<State, Outcome> all;
    for (State state :
         {kIdle, kSkipped, kOpen, kHalfClosedRemote, kHalfClosedLocal, kEnded, kResetByClient,
          kResetByClientAfterEnd, kResetByServer, kResetByServerAfterEnd}) {
      all[state] = outcome;
    }
    return all;
  };
  const std::map<State, Outcome> afterItsEnd = {{kHalfClosedRemote, closed},
                                                {kEnded, closed},
                                                {kResetByClient, closed},
                                                {kResetByClientAfterEnd, closed},
                                                {kResetByServerAfterEnd, closed}};
  auto with = [](std::map<State, Outcome> base, std::map<State, Outcome> more) {
    for (const auto& [state, outcome] : more) base[state] = outcome;
    return base;
  };
  auto make = [](uint8_t type, uint8_t flags, std::string payload) {
    return frame(type, flags, kId, payload);
  };
  std::string block("\x83\x86\x84\x41\x04test", 9);
  std::string trailer(
      "\0\x07x-trail\x03"
      "end",
      13);
  return {
      {"DATA", make(NGHTTP2_DATA, 0, "content"), with(afterItsEnd, {{kIdle, protocol}})},
      {"DATA with END_STREAM", make(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, "content"),
       with(afterItsEnd, {{kIdle, protocol}})},
      {"DATA, empty", make(NGHTTP2_DATA, 0, ""), with(afterItsEnd, {{kIdle, protocol}})},
      {"DATA, padded", make(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, std::string("\x01x\0", 3)),
       with(afterItsEnd, {{kIdle, protocol}})},
      {"HEADERS", make(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, block),
       with(afterItsEnd, {{kSkipped, protocol},
                          {kOpen, stream(NGHTTP2_PROTOCOL_ERROR)},
                          {kHalfClosedLocal, stream(NGHTTP2_PROTOCOL_ERROR)}})},
      {"HEADERS with END_STREAM",
       make(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, trailer),
       with(afterItsEnd, {{kIdle, stream(NGHTTP2_PROTOCOL_ERROR)}, {kSkipped, protocol}})},
      {"HEADERS with priority",
       make(NGHTTP2_HEADERS,
            NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_PRIORITY,
            std::string(5, '\0') + trailer),
       with(afterItsEnd, {{kIdle, stream(NGHTTP2_PROTOCOL_ERROR)}, {kSkipped, protocol}})},
      {"PRIORITY", make(NGHTTP2_PRIORITY, 0, std::string(5, '\0')), {}},
      {"PRIORITY of the wrong size", make(NGHTTP2_PRIORITY, 0, std::string(4, '\0')),
       everywhere(connection(NGHTTP2_FRAME_SIZE_ERROR))},
      {"RST_STREAM",
       make(NGHTTP2_RST_STREAM, 0, std::string("\0\0\0\x08", 4)),
       {{kIdle, protocol}}},
      {"RST_STREAM of the wrong size", make(NGHTTP2_RST_STREAM, 0, std::string(3, '\0')),
       everywhere(connection(NGHTTP2_FRAME_SIZE_ERROR))},
      {"SETTINGS", make(NGHTTP2_SETTINGS, 0, ""), everywhere(protocol)},
      {"PUSH_PROMISE",
       make(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, std::string("\0\0\0\x02", 4) + block),
       everywhere(protocol)},
      {"PING", make(NGHTTP2_PING, 0, "12345678"), everywhere(protocol)},
      {"GOAWAY", make(NGHTTP2_GOAWAY, 0, std::string(8, '\0')), everywhere(protocol)},
      {"WINDOW_UPDATE",
       make(NGHTTP2_WINDOW_UPDATE, 0, std::string("\0\0\0\x01", 4)),
       {{kIdle, protocol}}},
      {"WINDOW_UPDATE of the wrong size", make(NGHTTP2_WINDOW_UPDATE, 0, std::string(3, '\0')),
       everywhere(connection(NGHTTP2_FRAME_SIZE_ERROR))},
      {"CONTINUATION", make(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, block),
       everywhere(protocol)},
      {"an unknown type", make(0x20, 0xff, "content"), {}},
  };
}

TEST_F(Http2States, EveryFrameOnEveryState) {
  using enum State;
  const std::pair<State, const char*> states[] = {
      {kIdle, "idle"},
      {kSkipped, "skipped"},
      {kOpen, "open"},
      {kHalfClosedRemote, "half-closed (remote)"},
      {kHalfClosedLocal, "half-closed (local)"},
      {kEnded, "closed, both ended"},
      {kResetByClient, "closed, reset by the client"},
      {kResetByClientAfterEnd, "closed, reset by the client after the end of its request"},
      {kResetByServer, "closed, reset by the server"},
      {kResetByServerAfterEnd, "closed, reset by the server after the end of the request"},
  };
  for (const FrameCase& each : frameCases()) {
    for (const auto& [state, name] : states) {
      SCOPED_TRACE(std::string(each.name) + " on a stream that is " + name);
      enter(state);
      auto expected = each.outcomes.find(state);
      Outcome outcome = outcomeOf(each.bytes);
      EXPECT_EQ(outcome, expected == each.outcomes.end() ? kFine : expected->second);
      if (outcome.scope == Outcome::Scope::kConnection) {
        EXPECT_EQ(closes_, 1);
      } else {
        EXPECT_EQ(closes_, 0);
        EXPECT_TRUE(servesAnother());
      }
    }
  }
}

TEST_F(Http2States, AStreamThatWasResetMayStillGetItsTrailers) {
  // More streams than are remembered as closed, all open: the reset one is not among them.
  answerAtOnce_ = false;
  startRaw();
  raw(head(1, false));
  sinks_[0]->stream.reset(http::StreamError::kRefused);
  codec_->flush();
  for (int32_t id = 3; id < 3 + 2 * 128; id += 2) raw(head(id, false));
  sent_.clear();
  raw(frame(NGHTTP2_DATA, 0, 1, "late"));
  raw(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
            std::string("\0\x07x-trail\x03"
                        "end",
                        13)));
  EXPECT_EQ(closes_, 0);
  for (const Frame& each : framesSent()) EXPECT_NE(each.type, NGHTTP2_GOAWAY);
}

TEST_F(Http2States, AStreamThatWasRefusedMayStillGetItsTrailers) {
  answerAtOnce_ = false;
  Http2Limits limits;
  limits.maxConcurrentStreams = 2;
  std::string trailers =
      frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 5,
            std::string("\0\x07x-trail\x03"
                        "end",
                        13));
  startRaw(limits);
  sent_.clear();
  raw(head(1, false) + head(3, false) + head(5, false) + trailers);
  EXPECT_EQ(closes_, 0);
  std::vector<Frame> frames = framesSent();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(frames.back().errorCode(), NGHTTP2_REFUSED_STREAM);
  EXPECT_EQ(counters_.refused, 1u);
  EXPECT_EQ(counters_.costs[static_cast<size_t>(Cost::kOddity)], 1u);
}

TEST_F(Http2States, ManyClosedStreamsAreForgotten) {
  startRaw();
  for (int32_t id = 1; id < 2000; id += 2) raw(head(id, true));
  EXPECT_EQ(sinks_.size(), 1000u);
  sent_.clear();
  raw(frame(NGHTTP2_DATA, 0, 1, "late"));
  EXPECT_EQ(closes_, 0);  // nobody knows any more how it ended
  raw(head(1, true));
  EXPECT_EQ(closes_, 1);
}

}  // namespace
}  // namespace tollgate::http2
