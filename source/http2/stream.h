#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"

namespace tollgate::http2 {

class Codec;

/// One request and its response. Owned by the codec, which fills and empties it; lives until
/// nghttp2 closes the stream, so possibly longer than its sink.
class Stream final : public http::ServerStream {
 public:
  Stream(Codec& codec, int32_t id, buffer::SlabPool& pool)
      : codec(codec), id(id), body(pool), out(pool) {}

  void sendInformational(int status, const http::HeaderMap* headers) override;
  void sendHead(const http::ResponseHead& head, bool end) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(http::StreamError error) override;
  bool congested() const override;
  size_t queued() const override { return out.size(); }
  void pauseBody(bool pause) override;
  void closeAfter() override;

  Codec& codec;
  const int32_t id;
  http::RequestSink* sink = nullptr;  ///< nullptr once the exchange has ended its side.

  // The request.
  buffer::Buffer body;                  ///< Received, not delivered yet.
  size_t unconsumed = 0;                ///< Received bytes whose window was not given back.
  http::HeaderMap* trailers = nullptr;  ///< In the sink's arena.
  std::string_view authority;
  std::string_view scheme;
  size_t headBytes = 0;
  size_t trailerBytes = 0;
  size_t headerCount = 0;
  int errorStatus = 0;  ///< Answer this instead of handing on the head.
  const char* errorReason = "";
  bool headReady = false;
  bool held = false;  ///< Delayed because the connection's account is low.
  bool headDelivered = false;
  bool requestEnded = false;
  bool endDelivered = false;
  bool paused = false;
  bool discardBody = false;
  bool badTrailers = false;

  // The response.
  buffer::Buffer out;
  std::vector<std::pair<std::string, std::string>> outTrailers;
  bool noContent = false;  ///< HEAD, 204, 304: body bytes are dropped.
  bool headSent = false;
  bool outEnd = false;  ///< All of it is in `out`.
  bool hasOutTrailers = false;
  bool deferred = false;
  bool endSent = false;
  bool localReset = false;
  mutable bool awaitsWritable = false;
};

}  // namespace tollgate::http2
