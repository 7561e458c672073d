#pragma once

#include <memory>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/date_cache.h"

namespace tollgate::http1 {

/// HTTP/1 on a downstream connection: one request at a time. Bytes of pipelined requests stay in
/// the input buffer until the response is complete.
class ServerCodec : public http::ServerCodec {
 public:
  /// True when onData() would use more input. While it is false the owner stops reading the
  /// connection; at the end of a pass, if it is true and input is left, the owner calls onData()
  /// again: a response that was finished outside onData() does not take up the next request itself.
  virtual bool wantsInput() const = 0;
  /// True between the end of a response and the end of its request, whose body is dropped: the
  /// owner sets a limit to the wait for it.
  virtual bool discarding() const = 0;
  /// After 101: both sides send bytes of another protocol, and either may end before the other.
  virtual bool tunnelling() const = 0;
};

/// `handler`, `output`, `limits` and `date` must outlive the codec. The owner sends what is in
/// `output`.
std::unique_ptr<ServerCodec> makeServerCodec(http::ServerCodecHandler& handler,
                                             buffer::Buffer& output,
                                             const http::CodecLimits& limits, DateCache& date);

}  // namespace tollgate::http1
