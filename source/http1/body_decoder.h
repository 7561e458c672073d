#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http1/head_parser.h"

namespace tollgate::http1 {

/// Takes the framing off one message body: by length, chunked, or until the connection closes.
/// Moves slab ranges; copies nothing but trailers that lie across slabs.
class BodyDecoder {
 public:
  enum class Status : uint8_t {
    kMore,      ///< All input is used and the body is not complete.
    kDone,      ///< The body is complete; what is left in the input belongs to the next message.
    kTrailers,  ///< As kDone, and a trailer section of trailerBytes() stands at the input's front.
    kBad,       ///< Not a body; error() says why.
  };

  void start(const MessageInfo& info, const http::CodecLimits& limits);
  /// Moves decoded bytes from `input` to the back of `out`.
  Status decode(buffer::Buffer& input, buffer::Buffer& out);
  /// With kTrailers: bytes of the section with its empty line; the caller consumes them.
  size_t trailerBytes() const { return scanner_.bytes(); }
  std::string_view error() const { return error_; }
  bool untilClose() const { return kind_ == BodyKind::kUntilClose; }
  /// Bytes still to come, as far as it is known (chunked and until-close: UINT64_MAX).
  uint64_t remaining() const { return kind_ == BodyKind::kLength ? remaining_ : UINT64_MAX; }

 private:
  enum class State : uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailers };

  Status decodeChunked(buffer::Buffer& input, buffer::Buffer& out);
  /// Works on a chunk's size line from the front range. False: error_ is set.
  bool readSizeLine(std::string_view range, size_t& used);
  bool sizeByte(unsigned char c);
  Status readTrailers(buffer::Buffer& input);
  void moveData(buffer::Buffer& input, buffer::Buffer& out);
  bool fail(std::string_view reason) {
    error_ = reason;
    return false;
  }

  BodyKind kind_ = BodyKind::kNone;
  State state_ = State::kSize;
  uint8_t digits_ = 0;
  bool trailersFound_ = false;
  uint64_t remaining_ = 0;   ///< Of the body, or of the chunk.
  uint64_t dataBytes_ = 0;   ///< Chunk data so far: pays for extensions.
  uint64_t extension_ = 0;   ///< Extension bytes of this chunk.
  uint64_t extensions_ = 0;  ///< Of all chunks.
  size_t maxExtension_ = 0;
  size_t maxTrailer_ = 0;
  HeadScanner scanner_;
  std::string_view error_;
};

}  // namespace tollgate::http1
