#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/char_span.h"

namespace tollgate::http1 {

/// How the end of a message's body is found.
enum class BodyKind : uint8_t { kNone, kLength, kChunked, kUntilClose };

/// What a head says about the message and its connection.
struct MessageInfo {
  size_t headBytes = 0;  ///< Of the head, with its empty line.
  BodyKind body = BodyKind::kNone;
  uint64_t length = 0;          ///< With kLength: bytes of the body, never 0.
  bool keepAlive = false;       ///< The sender lets the connection live on.
  bool upgrade = false;         ///< Connection: upgrade together with an Upgrade field.
  bool expectContinue = false;  ///< Expect: 100-continue (HTTP/1.1 only).
};

/// Why a head was refused: the status to answer (0: it was not) and a short text for the log.
struct HeadError {
  static constexpr int kIncomplete = -1;  ///< The bytes end before the head does.
  int status = 0;
  std::string_view reason;
  explicit operator bool() const { return status != 0; }
};

/// Finds the empty line that ends a head or a trailer section in a buffer that grows; looks at
/// every byte once. Refuses line feeds without a carriage return at once.
class HeadScanner {
 public:
  enum class Status : uint8_t { kMore, kDone, kBad };

  /// Goes on where the last call ended. `input` must only have grown at its back since then.
  Status scan(const buffer::Buffer& input);
  /// After kDone: bytes of the head with its empty line. Before: bytes looked at.
  size_t bytes() const { return scanned_; }
  /// Complete lines seen.
  size_t lines() const { return lines_; }
  void reset() { *this = HeadScanner(); }

 private:
  Status scanRange(std::string_view range);
  size_t scanned_ = 0;
  size_t lineBytes_ = 0;  ///< Bytes of the line under way.
  uint32_t lines_ = 0;
  char last_ = 0;
};

/// Parses the request head that `bytes` begin with, all of which is there. `head` gets views into
/// `bytes` (and into its arena, for some absolute-form targets). Absolute-form targets are reduced
/// to path and query, their authority replaces Host.
HeadError parseRequestHead(std::string_view bytes, const http::CodecLimits& limits,
                           http::RequestHead& head, MessageInfo& info);

/// The same for a response; `toHead`: it answers a HEAD request. Statuses without a body get
/// BodyKind::kNone whatever their fields say. HeadError::status is 502 or kIncomplete.
HeadError parseResponseHead(std::string_view bytes, const http::CodecLimits& limits, bool toHead,
                            http::ResponseHead& head, MessageInfo& info);

/// Parses the fields of the trailer section that `bytes` begin with. Fields that frame or route a
/// message are left out.
HeadError parseTrailers(std::string_view bytes, const http::CodecLimits& limits,
                        http::HeaderMap& trailers);

/// True for uri-host [":" port].
bool isHostAndPort(std::string_view text);

}  // namespace tollgate::http1
