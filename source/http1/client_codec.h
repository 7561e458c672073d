#pragma once

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/body_decoder.h"
#include "source/http1/head_parser.h"

namespace tollgate::http1 {

class HeadWriter;

/// HTTP/1 on an upstream connection: one request at a time. `output` must outlive the codec; the
/// owner sends what is in it. Input that arrives while no response is awaited makes the connection
/// not reusable. A response that completes before its request leaves the connection not reusable
/// until the rest was sent. A sink's callback may start the next request but must not destroy the
/// codec.
class ClientCodec {
 public:
  ClientCodec(buffer::Buffer& output, const http::CodecLimits& limits)
      : output_(output), body_(output.pool()), limits_(limits) {}

  // As http::ClientStream has them.
  void sendHead(const http::UpstreamRequest& request, bool end, int64_t contentLength,
                http::ResponseSink& sink);
  void sendBody(buffer::Buffer& data, bool end);
  void sendTrailers(const http::HeaderMap& trailers);

  /// Takes all of `input`. `end`: the origin sends no more.
  void onData(buffer::Buffer& input, bool end);
  /// The connection has broken; `reason` is what the sink is told.
  void onConnectionClosed(std::string_view reason);
  /// Forgets the sink; the connection is not reusable.
  void abandon();
  /// A sink still awaits (more of) its response; nullptr: none does.
  http::ResponseSink* sink() const { return sink_; }
  /// True when the exchange on it is complete and the connection may carry another request.
  bool reusable() const { return state_ == State::kIdle && requestDone_ && keepAlive_ && !broken_; }

 private:
  enum class State : uint8_t { kIdle, kHead, kBody, kRaw };

  bool step(buffer::Buffer& input);
  bool readHead(buffer::Buffer& input);
  bool parseHead(buffer::Buffer& input, bool complete);
  void takeHead(const buffer::Buffer& input, const MessageInfo& info);
  void informational(http::ResponseSink& sink, const MessageInfo& info);
  bool readBody(buffer::Buffer& input);
  bool readTrailers(buffer::Buffer& input);
  void inputEnded(std::string_view reason);
  void fail(http::StreamError error, std::string_view detail);
  http::ResponseSink& finish();
  void writeBody(buffer::Buffer& data);
  void writeFraming(HeadWriter& writer, const http::UpstreamRequest& request, bool end,
                    int64_t contentLength);

  buffer::Buffer& output_;
  buffer::Buffer body_;  ///< Decoded bytes on their way to the sink; empty between calls.
  const http::CodecLimits limits_;
  http::ResponseSink* sink_ = nullptr;
  HeadScanner scanner_;
  BodyDecoder decoder_;
  State state_ = State::kIdle;
  uint64_t toSend_ = 0;  ///< Without chunked: bytes of the request body still to come.
  int informationals_ = 0;
  bool chunked_ = false;
  bool headRequest_ = false;
  bool upgrade_ = false;
  bool requestDone_ = true;
  bool keepAlive_ = true;  ///< What the last response said.
  bool broken_ = false;    ///< Never reusable again.
};

}  // namespace tollgate::http1
