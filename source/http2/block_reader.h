#pragma once

#include <cstddef>
#include <string_view>

#include "source/base/arena.h"
#include "source/http/codec.h"

namespace tollgate::http2 {

/// Why a message cannot be taken. `status` 0: it can. Of a request: what it is answered.
struct HeadProblem {
  int status = 0;
  const char* reason = "";
};

/// What all header blocks have in common: their limits, and trailers. One for a connection: its
/// blocks come one after the other (RFC 9113 section 4.3).
class BlockReader {
 public:
  explicit BlockReader(const http::CodecLimits& limits) : limits_(limits) {}

  /// One field of the trailers that end a message.
  void trailerField(Arena& arena, http::HeaderMap& trailers, std::string_view name,
                    std::string_view value);
  /// Something in the block cannot be: the first such thing counts.
  void fail(int status, const char* reason) {
    if (problem_.status == 0) problem_ = {status, reason};
  }
  bool failed() const { return problem_.status != 0; }

 protected:
  void beginBlock() {
    problem_ = {};
    bytes_ = fields_ = 0;
  }
  /// Counts a field of a head; false beyond the limits.
  bool count(std::string_view name, std::string_view value) {
    bytes_ += name.size() + value.size() + kFieldOverhead;
    return ++fields_ <= limits_.maxHeaders && bytes_ <= limits_.maxHeadBytes;
  }

  const http::CodecLimits limits_;
  HeadProblem problem_;

 private:
  /// What a field counts beyond its text (RFC 9113 section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE).
  static constexpr size_t kFieldOverhead = 32;
  size_t bytes_ = 0;
  size_t fields_ = 0;
};

}  // namespace tollgate::http2
