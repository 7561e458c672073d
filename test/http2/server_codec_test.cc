#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/http2/codec.h"

namespace tollgate::http2 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Sink final : http::RequestSink {
  Sink(http::ServerStream& stream, buffer::SlabPool& pool) : stream(stream), out(pool) {}
  void onRequestHead(bool end) override {
    heads++;
    ended = end;
    if (answerAtOnce && end) answer("hello");
  }
  void onRequestBody(buffer::Buffer& data, bool end) override {
    body += data.toString();
    data.clear();
    ended = end;
    if (answerAtOnce && end) answer(body);
  }
  void onRequestTrailers(http::HeaderMap& fields) override {
    trailer = fields.get("x-trail");
    ended = true;
  }
  void onRequestReset(http::StreamError error) override { resets.push_back(error); }
  void onResponseWritable() override { writable++; }
  void onRequestError(int status, std::string_view) override {
    errorStatus = status;
    respond(status, true);
  }
  http::RequestHead& request() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}

  void respond(int status, bool end, const Fields& fields = {}) {
    http::ResponseHead response(memory);
    response.status = status;
    for (const auto& [name, value] : fields) {
      response.headers.add(memory.copy(name), memory.copy(value));
    }
    stream.sendHead(response, end);
  }
  void send(std::string_view bytes, bool end) {
    out.append(bytes);
    stream.sendBody(out, end);
  }
  void answer(std::string_view bytes) {
    respond(200, false, {{"Content-Type", "text/plain"}, {"Connection", "close"}});
    send(bytes, true);
  }

  http::ServerStream& stream;
  Arena memory;
  http::RequestHead head{memory};
  buffer::Buffer out;
  std::string body, trailer;
  int heads = 0, writable = 0, errorStatus = 0;
  bool ended = false, answerAtOnce = true;
  std::vector<http::StreamError> resets;
};

struct Reply {
  std::map<std::string, std::string> fields;
  std::string body;
  int64_t closedWith = -1;
};

/// A codec and an nghttp2 client, joined by two buffers.
class Http2Test : public testing::Test, public http::ServerCodecHandler {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override { nghttp2_session_del(client_); }

  void start(const Http2Limits& limits, uint32_t clientWindow = 65535) {
    nghttp2_session_del(client_);
    codec_ = makeServerCodec(*this, output_, limits, loop_);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t n,
                      const uint8_t* value, size_t v, uint8_t, void* user) {
          auto& field = self(user)
                            .replies_[frame->hd.stream_id]
                            .fields[std::string(reinterpret_cast<const char*>(name), n)];
          if (!field.empty()) field += ",";
          field += std::string(reinterpret_cast<const char*>(value), v);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
          self(user).replies_[id].body.append(reinterpret_cast<const char*>(data), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t error, void* user) {
          self(user).replies_[id].closedWith = error;
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_GOAWAY) {
            self(user).goaways_.push_back({frame->goaway.last_stream_id, frame->goaway.error_code});
          }
          return 0;
        });
    nghttp2_session_client_new(&client_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry settings{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, clientWindow};
    nghttp2_submit_settings(client_, 0, &settings, 1);
  }
  static Http2Test& self(void* user) { return *static_cast<Http2Test*>(user); }

  http::RequestSink& newRequest(http::ServerStream& stream) override {
    sinks_.push_back(std::make_unique<Sink>(stream, pool_));
    sinks_.back()->answerAtOnce = answerAtOnce_;
    return *sinks_.back();
  }
  void onCodecClose(std::string_view reason) override {
    closes_++;
    reason_ = reason;
  }

  int32_t request(Fields extra = {}, const std::string* body = nullptr, Fields head = {}) {
    if (head.empty()) {
      head = {{":method", body ? "POST" : "GET"},
              {":scheme", "http"},
              {":path", "/a?b"},
              {":authority", "test"}};
    }
    head.insert(head.end(), extra.begin(), extra.end());
    std::vector<nghttp2_nv> fields = convert(head);
    nghttp2_data_provider provider{};
    left_ = body ? *body : "";
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session* session, int32_t id, uint8_t* to, size_t size,
                                uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      auto& test = self(source->ptr);
      size = std::min(size, test.left_.size());
      std::copy_n(test.left_.begin(), size, to);
      test.left_.erase(0, size);
      if (!test.left_.empty()) return static_cast<ssize_t>(size);
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!test.trailers_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        auto trailers = convert(test.trailers_);
        nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
      }
      return static_cast<ssize_t>(size);
    };
    return nghttp2_submit_request(client_, nullptr, fields.data(), fields.size(),
                                  body ? &provider : nullptr, nullptr);
  }
  static std::vector<nghttp2_nv> convert(const Fields& fields) {
    std::vector<nghttp2_nv> out;
    for (const auto& [name, value] : fields) {
      out.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                     value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return out;
  }

  /// Carries bytes both ways until nothing moves.
  void exchange() {
    bool moved = true;
    while (moved) {
      moved = false;
      const uint8_t* bytes = nullptr;
      ssize_t size;
      while ((size = nghttp2_session_mem_send(client_, &bytes)) > 0) {
        input_.append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
      }
      moved = !input_.empty();
      if (closes_ != 0) input_.clear();
      codec_->onData(input_, false);
      moved = moved || !output_.empty();
      receive();
      codec_->onWritable();
      moved = moved || !output_.empty();
      receive();
    }
  }
  void receive() {
    std::string bytes = output_.toString();
    sent_ += bytes;
    output_.clear();
    nghttp2_session_mem_recv(client_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  /// Raw bytes instead of the client's.
  void raw(std::string_view bytes) {
    input_.append(bytes);
    codec_->onData(input_, false);
    receive();
  }
  static std::string frame(uint8_t type, uint8_t flags, int32_t id, std::string_view payload) {
    std::string out;
    for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(id >> shift);
    return out + std::string(payload);
  }
  /// As calmed(), but without the client, which takes offence at what it did not ask for.
  bool calmedOnTheWire() const {
    constexpr size_t kGoawayCode = 9 + 4;
    for (size_t at = 0; at + 9 <= sent_.size();) {
      auto byte = [&](size_t i) { return static_cast<unsigned char>(sent_[at + i]); };
      size_t length = size_t{byte(0)} << 16 | size_t{byte(1)} << 8 | byte(2);
      if (byte(3) == NGHTTP2_GOAWAY && at + 9 + length <= sent_.size()) {
        return closes_ == 1 && byte(kGoawayCode + 3) == NGHTTP2_ENHANCE_YOUR_CALM;
      }
      at += 9 + length;
    }
    return false;
  }
  bool calmed() const {
    return closes_ == 1 && !goaways_.empty() && goaways_.back().second == NGHTTP2_ENHANCE_YOUR_CALM;
  }

  event::EventLoop loop_;
  buffer::SlabPool pool_;
  buffer::Buffer input_{pool_};
  buffer::Buffer output_{pool_};
  std::string sent_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::unique_ptr<ServerCodec> codec_;
  nghttp2_session* client_ = nullptr;
  std::map<int32_t, Reply> replies_;
  std::vector<std::pair<int32_t, uint32_t>> goaways_;
  std::string left_, reason_;
  Fields trailers_;
  int closes_ = 0;
  bool answerAtOnce_ = true;
};

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
