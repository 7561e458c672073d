#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/http2/codec.h"
#include "test/http2/frames.h"

namespace tollgate::http2 {

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
  size_t heldBody() const override { return holds ? body.size() - let : 0; }
  void dropSpareBody() override {
    if (spare) let = body.size();
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
  bool holds = false;  ///< The body does not leave,
  size_t let = 0;      ///< but for so much of it.
  bool spare = false;  ///< What is held is only for another attempt.
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
    codec_ = makeServerCodec(*this, output_, limits, loop_, counters_);
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
  void onCodecOutput() override { outputs_++; }
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
    if (rawClient_) return;
    nghttp2_session_mem_recv(client_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  /// Raw bytes instead of the client's.
  void raw(std::string_view bytes) {
    input_.append(bytes);
    codec_->onData(input_, false);
    receive();
  }
  /// What the codec has sent so far.
  std::vector<Frame> framesSent() const { return framesOf(sent_); }
  /// A client that writes frames itself: preface and empty SETTINGS, with a fresh codec.
  void startRaw(const Http2Limits& limits = {}) {
    codec_ = makeServerCodec(*this, output_, limits, loop_, counters_);
    input_.clear();
    output_.clear();
    sinks_.clear();
    sent_.clear();
    closes_ = 0;
    rawClient_ = true;
    raw(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(NGHTTP2_SETTINGS, 0, 0, ""));
  }
  /// Indexed: method, http, "/"; literal :authority.
  static std::string head(int32_t id, bool end, bool post = true) {
    std::string block = std::string(post ? "\x83" : "\x82") + "\x86\x84\x41\x04test";
    uint8_t flags = NGHTTP2_FLAG_END_HEADERS | (end ? NGHTTP2_FLAG_END_STREAM : 0);
    return frame(NGHTTP2_HEADERS, flags, id, block);
  }
  /// Serves the loop until `done`; false if that does not come.
  template <typename Done>
  bool until(Done&& done) {
    for (int i = 0; i < 2000 && !done(); ++i) {
      loop_.runOnce(event::Millis(5));
      receive();
    }
    return done();
  }

  /// As calmed(), but without the client, which takes offence at what it did not ask for.
  bool calmedOnTheWire() const {
    for (const Frame& each : framesSent()) {
      if (each.type != NGHTTP2_GOAWAY) continue;
      return closes_ == 1 && each.errorCode() == NGHTTP2_ENHANCE_YOUR_CALM;
    }
    return false;
  }
  bool calmed() const {
    return closes_ == 1 && !goaways_.empty() && goaways_.back().second == NGHTTP2_ENHANCE_YOUR_CALM;
  }

  event::EventLoop loop_;
  Counters counters_;
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
  int outputs_ = 0;  ///< Calls of onCodecOutput().
  bool answerAtOnce_ = true;
  bool rawClient_ = false;  ///< nghttp2 is not the client.
};

}  // namespace tollgate::http2
