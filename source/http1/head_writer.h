#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "source/base/copy.h"
#include "source/buffer/buffer.h"
#include "source/http/header_map.h"

namespace tollgate::http1 {

/// Writes the lines of a head into one reserved range of a buffer. Room is reserved once for the
/// fields of a map and `extra` further bytes; nothing checks it again.
class HeadWriter {
 public:
  HeadWriter(buffer::Buffer& output, const http::HeaderMap* headers, size_t extra)
      : output_(output),
        start_(output.reserve((headers != nullptr ? headers->lineBytes() : 0) + extra).data()),
        at_(start_) {}
  void put(std::string_view text) { at_ = copyTo(at_, text); }
  void number(int64_t value);
  /// "HTTP/1.1 200 OK\r\n"; `status` has three digits.
  void statusLine(int status, std::string_view reason);
  void field(std::string_view name, std::string_view value) {
    put(name);
    std::memcpy(at_, ": ", 2);
    at_ += 2;
    put(value);
    std::memcpy(at_, "\r\n", 2);
    at_ += 2;
  }
  /// Writes the fields but those in `skip` (bits of codes) and those that would break the framing
  /// of the head (control characters, names that are no tokens).
  void fields(const http::HeaderMap& headers, uint64_t skip);
  /// Makes what was written content of the buffer.
  void finish();

 private:
  buffer::Buffer& output_;
  char* start_;
  char* at_;
};

using http::bitOf;

/// Fields that belong to one connection and are written by the codec itself.
inline constexpr uint64_t kConnectionFields =
    bitOf(http::HeaderCode::kConnection) | bitOf(http::HeaderCode::kKeepAlive) |
    bitOf(http::HeaderCode::kProxyConnection) | bitOf(http::HeaderCode::kTransferEncoding) |
    bitOf(http::HeaderCode::kUpgrade) | bitOf(http::HeaderCode::kHttp2Settings);

/// Moves `data` to `output`; copies short content so that it joins the head in one range.
void appendBody(buffer::Buffer& output, buffer::Buffer& data);
/// The same as one chunk. Nothing for empty `data`.
void appendChunk(buffer::Buffer& output, buffer::Buffer& data);
/// The last chunk, with trailers if there are any.
void appendLastChunk(buffer::Buffer& output, const http::HeaderMap* trailers);

}  // namespace tollgate::http1
