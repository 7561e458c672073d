#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/http2/counters.h"

namespace tollgate::http2 {

/// Limits of one HTTP/2 connection to an origin.
struct ClientLimits {
  http::CodecLimits message;
  uint32_t maxStreams = 128;           ///< At once, if the origin takes as many.
  uint32_t streamWindow = 256 * 1024;  ///< Bytes of a response that may wait for whoever reads it.
  uint32_t connectionWindow = 1024 * 1024;
  /// Of such bytes, over all streams. While more wait, the origin's connection window stays as it
  /// is; below it a stream that nobody reads does not keep others waiting.
  size_t heldBytes = 8 * 1024 * 1024;
  size_t streamHighBytes = 64 * 1024;   ///< Queued request bytes that make a stream congested.
  size_t outputHighBytes = 256 * 1024;  ///< Queued output that stops reading and sending.
  size_t maxContinuations = 8;
  int maxInformational = 32;  ///< Interim responses before the final one.
  /// After a stream ran out of time: how long the origin has to answer a PING, or send anything.
  std::chrono::milliseconds pingTimeout{5000};
};

/// Who owns the connection.
class ClientCodecHandler {
 public:
  /// Streams have ended, or what the origin takes has changed: look at available() and streams().
  /// Not from inside open() or a call to a stream.
  virtual void onCodecStreams() = 0;
  /// The connection is to be closed: no stream is left and none will come, or the peer broke the
  /// rules. Output that is queued is to be flushed first. `reason`: a literal.
  virtual void onCodecClose(std::string_view reason) = 0;
  /// Something was queued from outside of a call to the codec: it wants a flush() at the end of the
  /// pass.
  virtual void onCodecOutput() = 0;

 protected:
  ~ClientCodecHandler() = default;
};

/// The client side of HTTP/2 on one connection, many streams at once.
class ClientCodec {
 public:
  virtual ~ClientCodec() = default;

  /// True while open() gives streams.
  virtual bool available() const = 0;
  /// A stream, which the caller owns until it has ended.
  virtual http::ClientStream& open() = 0;
  /// Streams under way.
  virtual size_t streams() const = 0;

  /// Uses as much of `input` as it can. `end`: no more bytes will come.
  virtual void onData(buffer::Buffer& input, bool end) = 0;
  /// The connection's output fell below its low mark.
  virtual void onWritable() = 0;
  /// Puts into the output what calls to streams have queued.
  virtual void flush() = 0;
  /// Takes leave of an origin whose connection is not needed any more, with GOAWAY.
  virtual void leave() = 0;
  /// The connection is gone: ends every stream. `reason`: what their sinks are told; a literal.
  virtual void onConnectionClosed(std::string_view reason) = 0;
};

/// `output` is the connection's output buffer; it, the handler, the loop and the counters outlive
/// the codec, and so does the input given to onData(), of which the rest may be read later.
/// `secure`: requests say https. The preface is in `output` after the first flush(). The owner
/// deletes the codec only after onCodecClose() or onConnectionClosed() has returned, never from
/// inside.
std::unique_ptr<ClientCodec> makeClientCodec(ClientCodecHandler& handler, buffer::Buffer& output,
                                             const ClientLimits& limits, bool secure,
                                             event::EventLoop& loop, OriginCounters& counters);

}  // namespace tollgate::http2
