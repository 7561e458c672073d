#pragma once

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http2/outgoing.h"

namespace tollgate::http2 {

class ClientSession;

/// One request to an origin and its response. Owned by the session, which fills and empties it;
/// lives until nghttp2 has closed the stream and the sink has heard of it.
class ClientStream final : public http::ClientStream, public Outgoing {
 public:
  ClientStream(ClientSession& session, buffer::SlabPool& pool)
      : Outgoing(pool), session(session), body(pool) {}

  void sendHead(const http::UpstreamRequest& request, bool end, int64_t contentLength,
                http::ResponseSink& sink) override;
  void sendBody(buffer::Buffer& data, bool end) override;
  void sendTrailers(const http::HeaderMap& trailers) override;
  void reset(http::StreamError error) override;
  bool congested() const override;
  size_t queued() const override { return out.size(); }
  uint64_t sent() const override { return bytesSent; }
  void pauseBody(bool pause) override;

  ClientSession& session;
  int32_t id = 0;                      ///< 0 until the head is sent.
  http::ResponseSink* sink = nullptr;  ///< nullptr before the head, and when nobody listens.
  bool dirty = false;                  ///< Something is to be delivered, or it is to be freed.

  // The request.
  bool localReset = false;
  mutable bool awaitsWritable = false;  ///< Set by ClientSession::awaitWritable().

  // The response.
  buffer::Buffer body;                  ///< Received, not delivered yet.
  http::HeaderMap* trailers = nullptr;  ///< In the sink's arena.
  std::string_view problem;             ///< What is wrong with the response.
  int informationals = 0;
  bool headReady = false;
  bool headDelivered = false;
  bool responseEnded = false;  ///< All of it has arrived.
  bool paused = false;
  bool peerReset = false;  ///< It was the origin that reset it.
  bool closed = false;     ///< nghttp2 has forgotten it.
  uint32_t closedWith = 0;

 private:
  bool maySend() const { return id != 0 && !outEnd && !localReset && !closed; }
};

}  // namespace tollgate::http2
