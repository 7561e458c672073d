#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/arena.h"
#include "source/buffer/buffer.h"
#include "source/http/header_map.h"

/// What a codec and the code that uses it say to each other. A codec turns the bytes of one
/// connection into streams; HTTP/1 has one stream at a time, HTTP/2 many.
namespace tollgate::http {

enum class Version : uint8_t { kHttp10, kHttp11, kHttp2 };

struct RequestHead {
  explicit RequestHead(Arena& arena) : headers(arena) {}
  std::string_view method;
  std::string_view target;  ///< Path and query as received ("/a?b", or "*" for OPTIONS).
  std::string_view host;    ///< Host header or :authority, verbatim. "" only in HTTP/1.0.
  Version version = Version::kHttp11;
  uint32_t headBytes = 0;  ///< Of HTTP/1: as it came, with its empty line; else 0.
  HeaderMap headers;       ///< Without pseudo headers; HTTP/2's :authority stands here as "host".
};

struct ResponseHead {
  explicit ResponseHead(Arena& arena) : headers(arena) {}
  int status = 0;
  std::string_view reason;  ///< HTTP/1 reason phrase; "" to use the usual one.
  Version version = Version::kHttp11;
  HeaderMap headers;
};

enum class StreamError : uint8_t {
  kNone,
  kPeerClosed,  ///< The other side closed or reset before the message was complete.
  kProtocol,    ///< What it sent is not HTTP.
  kRefused,     ///< It has not processed the request; safe to send again.
  kReset,       ///< It gave up this stream; the connection goes on.
  kTimeout,
  kConnectFailed,
  kLocal,  ///< We gave up.
};

/// Limits of the messages a codec accepts. Exceeding: 431 (head), 414 (target), 400.
struct CodecLimits {
  size_t maxHeadBytes = 32 * 1024;
  size_t maxTargetBytes = 8 * 1024;
  size_t maxHeaders = 256;
  size_t maxChunkExtensionBytes = 1024;
  size_t maxTrailerBytes = 8 * 1024;
};

// ---- Server side -------------------------------------------------------------------------------

/// The receiving end of one request; implemented by the exchange. Calls come from the codec while
/// it works on input, in this order: head, body…, trailers?; onReset() may come at any time and is
/// last.
class RequestSink {
 public:
  /// The head is complete in request(). `end`: no body follows.
  virtual void onRequestHead(bool end) = 0;
  /// Body bytes; take them out of `data` (all of them). `end`: the last ones.
  virtual void onRequestBody(buffer::Buffer& data, bool end) = 0;
  /// Body bytes that were taken and have not left yet.
  virtual size_t heldBody() const { return 0; }
  /// Lets go of what heldBody() counts and only another attempt at the origin would need.
  virtual void dropSpareBody() {}
  /// Trailers end the request.
  virtual void onRequestTrailers(HeaderMap& trailers) = 0;
  /// The stream is gone: nothing can be sent or received on it any more.
  virtual void onRequestReset(StreamError error) = 0;
  /// Response bytes queued on the stream fell below the low mark (see ServerStream::congested).
  virtual void onResponseWritable() = 0;
  /// The request cannot be served as it is (malformed, too large): answer `status` and close. The
  /// codec calls it instead of onRequestHead, or after it for a bad body.
  virtual void onRequestError(int status, std::string_view reason) = 0;

  virtual RequestHead& request() = 0;
  virtual Arena& arena() = 0;
  /// Keeps `slab` alive until the exchange ends: header views point into it.
  virtual void pin(buffer::SlabRef slab) = 0;

 protected:
  ~RequestSink() = default;
};

/// The sending end of one response, offered by the codec. Valid until the response's last byte has
/// been given to it, or reset() was called, or RequestSink::onRequestReset().
class ServerStream {
 public:
  /// 100, 102, 103. Not for 101.
  virtual void sendInformational(int status, const HeaderMap* headers) = 0;
  /// Frames the message itself: the codec decides on Content-Length/chunked from `headers`
  /// (a Content-Length there is kept and trusted), `end`, the request's method and version.
  /// Status 101: afterwards both directions carry raw bytes (HTTP/1 only).
  virtual void sendHead(const ResponseHead& head, bool end) = 0;
  /// Takes all bytes out of `data`.
  virtual void sendBody(buffer::Buffer& data, bool end) = 0;
  virtual void sendTrailers(const HeaderMap& trailers) = 0;
  /// Ends the stream without completing the message (closes an HTTP/1 connection).
  virtual void reset(StreamError error) = 0;
  /// True while more is queued than the stream should hold: stop the source until
  /// onResponseWritable.
  virtual bool congested() const = 0;
  /// Bytes of the response that wait for the client.
  virtual size_t queued() const = 0;
  /// Stops and resumes delivering the request body (flow control towards the client). Nests not.
  virtual void pauseBody(bool pause) = 0;
  /// The connection ends after this response (HTTP/1: Connection: close; HTTP/2: GOAWAY).
  virtual void closeAfter() = 0;

 protected:
  ~ServerStream() = default;
};

/// Makes the exchange for a new request. Never fails; the sink lives until it ended its stream.
class ServerCodecHandler {
 public:
  virtual RequestSink& newRequest(ServerStream& stream) = 0;
  /// The connection is to be closed: no stream is left and none will come, or the peer broke the
  /// rules. Output that is queued is to be flushed first.
  virtual void onCodecClose(std::string_view reason) = 0;
  /// A timer of the codec's has queued output: the owner flushes it as after a call of its own.
  virtual void onCodecOutput() {}

 protected:
  ~ServerCodecHandler() = default;
};

/// Bytes ⇄ requests on one downstream connection. Reads from the connection's input buffer and
/// appends to its output buffer; the owner marks the connection dirty after every call. Never
/// re-entered: calls to a ServerStream from inside a sink's callback are allowed and only queue.
class ServerCodec {
 public:
  virtual ~ServerCodec() = default;
  /// Uses as much of `input` as it can. `end`: no more bytes will come.
  virtual void onData(buffer::Buffer& input, bool end) = 0;
  /// The connection's output fell below its low mark.
  virtual void onWritable() = 0;
  /// Stop after the requests under way (HTTP/1: Connection: close; HTTP/2: GOAWAY).
  virtual void drain() = 0;
  /// The connection is gone: resets every stream (RequestSink::onRequestReset).
  virtual void onConnectionClosed() = 0;
  virtual size_t activeStreams() const = 0;
  /// True between requests: an idle time limit applies; false while a head is incomplete or a
  /// request is under way. `headStarted`: bytes of an incomplete head have arrived.
  virtual bool idle() const = 0;
  virtual bool headStarted() const = 0;
};

// ---- Client side -------------------------------------------------------------------------------

/// The receiving end of one response; implemented by the forwarder.
class ResponseSink {
 public:
  /// 100–199 but 101.
  virtual void onInformational(int status, HeaderMap& headers) = 0;
  virtual void onResponseHead(bool end) = 0;
  virtual void onResponseBody(buffer::Buffer& data, bool end) = 0;
  virtual void onResponseTrailers(HeaderMap& trailers) = 0;
  /// The stream failed; nothing more follows.
  virtual void onResponseError(StreamError error, std::string_view detail) = 0;
  /// Request bytes queued fell below the low mark.
  virtual void onRequestWritable() = 0;

  virtual ResponseHead& response() = 0;
  virtual Arena& arena() = 0;
  virtual void pin(buffer::SlabRef slab) = 0;

 protected:
  ~ResponseSink() = default;
};

/// How the upstream request differs from the head: what to send.
struct UpstreamRequest {
  std::string_view method;
  std::string_view target;
  const HeaderMap* headers;  ///< Complete, Host included; framing and Connection headers excluded.
  bool upgrade = false;      ///< Sends Connection: keep-alive, Upgrade and Upgrade: websocket.
};

/// The sending end of one request, offered by a client codec. Valid until its sink was told of the
/// response's end or of an error, or reset() was called. What was not sent of the request when the
/// response has ended is not sent any more.
class ClientStream {
 public:
  /// The first call, unless it is reset(). `end`: no body. `contentLength` < 0: not known.
  virtual void sendHead(const UpstreamRequest& request, bool end, int64_t contentLength,
                        ResponseSink& sink) = 0;
  /// Takes all bytes out of `data`.
  virtual void sendBody(buffer::Buffer& data, bool end) = 0;
  virtual void sendTrailers(const HeaderMap& trailers) = 0;
  /// Gives the exchange up (closes an HTTP/1 connection, if a head was sent). The sink hears no
  /// more. `error`: why; kTimeout makes an HTTP/2 connection prove that it still works.
  virtual void reset(StreamError error) = 0;
  /// True while more is queued than the stream should hold: stop the source until
  /// onRequestWritable.
  virtual bool congested() const = 0;
  /// Bytes of the request that wait for the origin.
  virtual size_t queued() const = 0;
  /// Bytes that have left since sendHead(), of this request or (HTTP/1) with its framing.
  virtual uint64_t sent() const = 0;
  /// Stops and resumes delivering the response body (flow control towards the origin). Nests not.
  virtual void pauseBody(bool pause) = 0;

 protected:
  ~ClientStream() = default;
};

}  // namespace tollgate::http
