#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "source/buffer/buffer.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/http2/counters.h"

namespace tollgate::http2 {

/// Limits of one downstream HTTP/2 connection.
struct Http2Limits {
  http::CodecLimits message;  ///< Heads: 431, targets: 414.
  uint32_t maxConcurrentStreams = 128;
  uint32_t streamWindow = 256 * 1024;  ///< Bytes a client may send on a stream unasked.
  uint32_t connectionWindow = 1024 * 1024;
  size_t streamHighBytes = 64 * 1024;   ///< Queued response bytes that make a stream congested.
  size_t outputHighBytes = 256 * 1024;  ///< Queued output that stops reading and sending.
  /// Over all streams of the connection, each way. Response bytes that the client does not take:
  /// the nearer they come, the less each stream may queue; beyond it further requests wait. Request
  /// bytes that exchanges hold: beyond it bodies wait, within `connectionWindow`.
  size_t heldBytes = 1024 * 1024;
  size_t maxContinuations = 8;

  // A request body that goes on after its answer was complete is read and dropped, so that the
  // client comes to read the answer; then the stream is reset with NO_ERROR (RFC 9113 section 8.1).
  size_t discardBytes = 16 * 1024 * 1024;
  std::chrono::milliseconds discardTime{30000};  ///< In all.
  std::chrono::milliseconds discardIdle{5000};   ///< Without a byte.
  /// A client that takes nothing of a response for so long loses the stream.
  std::chrono::milliseconds sendTimeout{60000};
};

/// The codec of a downstream HTTP/2 connection.
class ServerCodec : public http::ServerCodec {
 public:
  /// Puts into the output what was queued by calls to streams from outside onData() and
  /// onWritable(). The owner calls it at the end of the pass, before it flushes the connection.
  virtual void flush() = 0;
};

/// The server side of HTTP/2 on one connection. `output` is the connection's output buffer; it, the
/// handler, the loop and the counters outlive the codec. The input buffer given to onData() must
/// outlive it too: what was left unread because too much output was queued is read in onWritable().
/// The server's SETTINGS are in `output` after the first onData() or flush(). The owner deletes the
/// codec only after onCodecClose() or onConnectionClosed() has returned, never from inside.
std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output, const Http2Limits& limits,
                                             event::EventLoop& loop, Counters& counters);

}  // namespace tollgate::http2
