#pragma once

#include <cstdint>

#include "source/buffer/buffer.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/http2/head_reader.h"
#include "source/http2/outgoing.h"

namespace tollgate::http2 {

class Codec;

/// One request and its response. Owned by the codec, which fills and empties it; lives until
/// nghttp2 closes the stream, so possibly longer than its sink.
class Stream final : public http::ServerStream, public Outgoing {
 public:
  Stream(Codec& codec, int32_t id, buffer::SlabPool& pool)
      : Outgoing(pool), codec(codec), id(id), body(pool) {}

  void sendInformational(int status, const http::HeaderMap* headers) override;
  void sendHead(const http::ResponseHead& head, bool end) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(http::StreamError error) override;
  bool congested() const override;
  size_t queued() const override { return out.size(); }
  void pauseBody(bool pause) override;
  void closeAfter() override;

  /// The response is complete, but not with the client.
  bool unread() const { return !endSent && (outEnd || !out.empty()); }
  /// The response is with the client, which goes on sending.
  bool unwanted() const { return endSent && !requestEnded; }

  Codec& codec;
  const int32_t id;
  http::RequestSink* sink = nullptr;  ///< nullptr once the exchange has ended its side.

  // The request.
  buffer::Buffer body;                  ///< Received, not delivered yet.
  size_t unconsumed = 0;                ///< Received bytes whose window was not given back.
  size_t taken = 0;                     ///< What the sink held of the body when it was last asked.
  http::HeaderMap* trailers = nullptr;  ///< In the sink's arena.
  HeadProblem problem;                  ///< Answer this instead of handing on the head.
  bool headReady = false;
  bool held = false;  ///< Its head waits: the account is low, or much is queued.
  bool headDelivered = false;
  bool starting = false;  ///< Delivered, and the answer has not begun.
  bool requestEnded = false;
  bool endDelivered = false;
  bool paused = false;
  bool blocked = false;  ///< Its body waits: the sinks hold much.
  bool discardBody = false;
  bool badTrailers = false;

  // The response.
  bool noContent = false;  ///< HEAD, 204, 304: body bytes are dropped.
  bool headSent = false;
  bool endSent = false;
  bool localReset = false;
  mutable bool awaitsWritable = false;  ///< Set by Codec::awaitWritable().

  // What the client does not do; see stalls.cc.
  size_t discarded = 0;   ///< Body bytes that nobody wanted.
  uint64_t progress = 0;  ///< `discarded` or `bytesSent` when it was last looked at.
  event::TimePoint unwantedSince{};
  event::TimePoint stalledSince{};

 private:
  bool mayRespond() const { return !outEnd && !localReset; }
  void breach(bool end);
  void leave(bool end);
};

}  // namespace tollgate::http2
