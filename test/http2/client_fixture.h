#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/http2/client_codec.h"
#include "test/http2/frames.h"

namespace tollgate::http2 {

/// Writes down what it hears of one response.
struct Response final : http::ResponseSink {
  void onInformational(int status, http::HeaderMap&) override {
    log += "info " + std::to_string(status) + "|";
  }
  void onResponseHead(bool end) override {
    log += std::to_string(head.status) + (end ? "|end" : "|");
    if (pauses) stream->pauseBody(true);
  }
  void onResponseBody(buffer::Buffer& data, bool end) override {
    body += data.toString();
    data.clear();
    if (end) log += "end";
  }
  void onResponseTrailers(http::HeaderMap& trailers) override {
    trailers.forEach([&](const http::Header& each) {
      log += std::string(each.name()) + "=" + std::string(each.value()) + "|";
    });
    log += "end";
  }
  void onResponseError(http::StreamError error, std::string_view why) override {
    log += error == http::StreamError::kProtocol  ? "protocol"
           : error == http::StreamError::kRefused ? "refused"
           : error == http::StreamError::kReset   ? "reset"
                                                  : "closed";
    detail = why;
  }
  void onRequestWritable() override { ++writable; }
  http::ResponseHead& response() override { return head; }
  Arena& arena() override { return memory; }
  void pin(buffer::SlabRef) override {}

  std::string field(std::string_view name) const { return std::string(head.headers.get(name)); }

  Arena memory;
  http::ResponseHead head{memory};
  http::ClientStream* stream = nullptr;
  std::string log, body, detail;
  int writable = 0;
  bool pauses = false;
};

/// A client codec, and an origin that writes its frames itself.
class Http2Client : public testing::Test, public ClientCodecHandler {
 protected:
  void SetUp() override { start({}); }

  /// `settings`: payload of the origin's first frame.
  void start(const ClientLimits& limits, std::string_view settings = {}) {
    codec_ = makeClientCodec(*this, output_, limits, true, loop_, counters_);
    input_.clear();
    output_.clear();
    responses_.clear();
    sent_.clear();
    closes_ = 0;
    reason_.clear();
    flush();
    origin(frame(NGHTTP2_SETTINGS, 0, 0, settings) +
           frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
  }

  void onCodecStreams() override { ++changes_; }
  void onCodecClose(std::string_view reason) override {
    ++closes_;
    reason_ = reason;
  }
  void onCodecOutput() override { ++outputs_; }

  /// Bytes from the origin.
  void origin(std::string_view bytes) {
    input_.append(bytes);
    if (closes_ == 0) codec_->onData(input_, false);
    take();
  }
  void flush() {
    codec_->flush();
    take();
  }
  void take() {
    sent_ += output_.toString();
    output_.clear();
    codec_->onWritable();
    if (!output_.empty()) take();
  }
  /// What the codec has sent after the preface.
  std::vector<Frame> sent() const {
    return framesOf(sent_.substr(std::string_view(kPreface).size()));
  }
  std::vector<Frame> sent(uint8_t type) const {
    std::vector<Frame> some;
    for (Frame& each : sent()) {
      if (each.type == type) some.push_back(each);
    }
    return some;
  }
  uint32_t goawayCode() const {
    const auto frames = sent(NGHTTP2_GOAWAY);
    return frames.empty() ? UINT32_MAX : frames.back().errorCode();
  }

  Response& ask(std::string_view method = "GET", bool end = true, int64_t length = -1,
                const std::vector<std::pair<std::string, std::string>>& extra = {}) {
    EXPECT_TRUE(codec_->available());
    responses_.push_back(std::make_unique<Response>());
    Response& response = *responses_.back();
    response.stream = &codec_->open();
    http::HeaderMap headers(response.memory);
    headers.add("Host", "a.test:8443");
    for (const auto& [name, value] : extra) headers.add(name, value);
    response.stream->sendHead({method, "/x?y", &headers}, end, length, response);
    flush();
    return response;
  }
  void send(Response& response, std::string_view bytes, bool end) {
    buffer::Buffer data(pool_);
    data.append(bytes);
    response.stream->sendBody(data, end);
    flush();
  }

  event::EventLoop loop_;
  OriginCounters counters_;
  buffer::SlabPool pool_;
  buffer::Buffer input_{pool_};
  buffer::Buffer output_{pool_};
  std::string sent_, reason_;
  std::vector<std::unique_ptr<Response>> responses_;
  std::unique_ptr<ClientCodec> codec_;
  int changes_ = 0, closes_ = 0, outputs_ = 0;
};

}  // namespace tollgate::http2
