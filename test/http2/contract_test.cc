#include "test/http2/codec_fixture.h"

/// Exchanges and filters that do what they must not: the connection survives, and nobody is told of
/// a stream that is no longer theirs.
namespace tollgate::http2 {
namespace {

class Http2Contract : public Http2Test {
 protected:
  /// Asks; `answer` is what the exchange makes of it. Returns what the client saw.
  template <typename Answer>
  Reply ask(Answer&& answer) {
    answerAtOnce_ = false;
    int32_t id = request();
    exchange();
    answer(*sinks_.back());
    // The exchange is over: whatever comes now must not reach it.
    size_t resets = sinks_.back()->resets.size();
    codec_->flush();
    exchange();
    nghttp2_submit_rst_stream(client_, 0, id, NGHTTP2_CANCEL);
    exchange();
    EXPECT_EQ(sinks_.back()->resets.size(), resets);
    EXPECT_EQ(sinks_.back()->writable, 0);
    EXPECT_EQ(codec_->activeStreams(), 0u);
    EXPECT_EQ(closes_, 0);
    return replies_[id];
  }
};

TEST_F(Http2Contract, AnInformationalStatusIsNoAnswer) {
  for (int status : {100, 101, 103, 199, 0, -1, 99, 1000, 70000}) {
    SCOPED_TRACE(status);
    EXPECT_EQ(ask([&](Sink& sink) { sink.respond(status, true); }).closedWith,
              NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(ask([&](Sink& sink) {
                sink.respond(status, false);
                sink.send("content", true);
              }).closedWith,
              NGHTTP2_INTERNAL_ERROR);
  }
}

TEST_F(Http2Contract, InformationalAnswersAreOnlyWhatTheyCanBe) {
  Reply reply = ask([](Sink& sink) {
    for (int status : {99, 101, 200, 204, 999}) sink.stream.sendInformational(status, nullptr);
    sink.stream.sendInformational(103, nullptr);
    sink.respond(200, true);
  });
  EXPECT_EQ(reply.fields[":status"], "103,200");
}

TEST_F(Http2Contract, ASecondAnswerEndsTheStream) {
  EXPECT_EQ(ask([](Sink& sink) {
              sink.respond(200, false);
              sink.respond(500, true);
            }).closedWith,
            NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(ask([](Sink& sink) {
              sink.respond(200, true);
              sink.respond(500, true);
              sink.send("more", true);
            }).fields[":status"],
            "200");
}

TEST_F(Http2Contract, ContentWithoutAHeadEndsTheStream) {
  EXPECT_EQ(ask([](Sink& sink) { sink.send("content", true); }).closedWith, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(ask([](Sink& sink) {
              http::HeaderMap fields(sink.memory);
              sink.stream.sendTrailers(fields);
            }).closedWith,
            NGHTTP2_INTERNAL_ERROR);
}

TEST_F(Http2Contract, AnExchangeThatGoesOnAfterItsMistakeIsToldOfTheEnd) {
  answerAtOnce_ = false;
  auto mistakes = {+[](Sink& sink) { sink.respond(101, false); },
                   +[](Sink& sink) {
                     sink.respond(200, false);
                     sink.respond(200, false);
                   },
                   +[](Sink& sink) { sink.send("content", false); }};
  for (auto mistake : mistakes) {
    int32_t id = request();
    exchange();
    mistake(*sinks_.back());
    EXPECT_TRUE(sinks_.back()->resets.empty());  // not from within the call
    codec_->flush();
    exchange();
    EXPECT_EQ(sinks_.back()->resets.size(), 1u);
    EXPECT_EQ(replies_[id].closedWith, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(codec_->activeStreams(), 0u);
  }
}

TEST_F(Http2Contract, NothingFollowsTheEnd) {
  Reply reply = ask([](Sink& sink) {
    sink.answer("all");
    sink.send("more", false);
    http::HeaderMap fields(sink.memory);
    fields.add("x-trail", "late");
    sink.stream.sendTrailers(fields);
    sink.stream.reset(http::StreamError::kLocal);
  });
  EXPECT_EQ(reply.body, "all");
  EXPECT_EQ(reply.closedWith, NGHTTP2_NO_ERROR);
}

TEST_F(Http2Contract, ResponsesWithoutContentDoNotSpeakOfALength) {
  for (int status : {204, 304}) {
    SCOPED_TRACE(status);
    Reply reply = ask([&](Sink& sink) {
      sink.respond(status, false, {{"Content-Length", "7"}, {"X-A", "b"}});
      sink.send("content", true);
    });
    EXPECT_EQ(reply.fields[":status"], std::to_string(status));
    EXPECT_EQ(reply.fields.count("content-length"), 0u);
    EXPECT_EQ(reply.fields["x-a"], "b");
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.closedWith, NGHTTP2_NO_ERROR);
  }
  Reply reply = ask([](Sink& sink) {
    sink.respond(200, false, {{"Content-Length", "7"}});
    sink.send("content", true);
  });
  EXPECT_EQ(reply.fields["content-length"], "7");
}

TEST_F(Http2Contract, MethodsAreCaseSensitive) {
  for (const char* method : {"get", "trace", "post", "Get", "BREWa"}) {
    int32_t id =
        request({}, nullptr,
                {{":method", method}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}});
    exchange();
    EXPECT_EQ(sinks_.back()->errorStatus, 400) << method;
    EXPECT_EQ(sinks_.back()->heads, 0) << method;
    EXPECT_EQ(replies_[id].fields[":status"], "400") << method;
  }
}

}  // namespace
}  // namespace tollgate::http2
