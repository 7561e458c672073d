#pragma once

#include <cstdint>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/date_cache.h"

namespace tollgate::http1 {

class HeadWriter;

/// Writes the responses of one connection, one after the other: each one's head with the fields
/// that tell where its body ends (RFC 9112 section 6), then the body in that framing. Tells what
/// became of the connection by it; closing is the codec's.
class ResponseWriter {
 public:
  /// `output` and `date` must outlive it.
  ResponseWriter(buffer::Buffer& output, DateCache& date) : output_(output), date_(date) {}

  /// Makes ready for the next response.
  void reset();
  /// What it answers: the request's version, and whether its method is HEAD.
  void answer(http::Version version, bool toHead) {
    version_ = version;
    toHead_ = toHead;
  }

  /// Nothing for clients of HTTP/1.0, who do not expect it.
  void informational(int status, const http::HeaderMap* headers);
  /// `end`: no body follows. `keepAlive`: the client may send another request on the connection, if
  /// the framing allows it.
  void head(const http::ResponseHead& head, bool end, bool keepAlive);
  /// Takes all of `data`; sends no more of it than the head has promised.
  void body(buffer::Buffer& data);
  /// `trailers`: nullptr if there are none.
  void finish(const http::HeaderMap* trailers);

  /// The head was written.
  bool started() const { return framing_ != Framing::kNone; }
  /// After 101: the body is bytes of another protocol.
  bool raw() const { return framing_ == Framing::kRaw; }
  /// Only the end of the connection ends this response, or it is not what its head has promised.
  bool endsConnection() const { return endsConnection_; }

 private:
  enum class Framing : uint8_t { kNone, kLength, kChunked, kUntilClose, kNoBody, kRaw };

  Framing chooseFraming(const http::ResponseHead& head, bool end);
  uint64_t skippedFields(const http::ResponseHead& head) const;
  void writeFraming(HeadWriter& writer, const http::ResponseHead& head, bool end);
  void writeConnection(HeadWriter& writer, const http::ResponseHead& head, bool keepAlive);

  buffer::Buffer& output_;
  DateCache& date_;
  uint64_t toSend_ = 0;  ///< With Framing::kLength: bytes of the body still to come.
  Framing framing_ = Framing::kNone;
  http::Version version_ = http::Version::kHttp11;
  bool toHead_ = false;
  bool lengthStands_ = false;  ///< The head's own Content-Length says what the framing would.
  bool endsConnection_ = false;
};

}  // namespace tollgate::http1
