#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "source/http/codec.h"

namespace tollgate::http2 {

/// Why a request is answered by the gateway itself. `status` 0: it is not.
struct HeadProblem {
  int status = 0;
  const char* reason = "";
};

/// Turns header blocks into request heads and trailers that mean the same in HTTP/1. One for a
/// connection: its header blocks come one after the other (RFC 9113 section 4.3).
class HeadReader {
 public:
  explicit HeadReader(const http::CodecLimits& limits) : limits_(limits) {}

  /// A block begins.
  void begin();
  /// One field of the head of `sink`'s request, in the order received.
  void headField(http::RequestSink& sink, std::string_view name, std::string_view value);
  /// One field of the trailers that end it.
  void trailerField(http::RequestSink& sink, http::HeaderMap& trailers, std::string_view name,
                    std::string_view value);
  /// Something in the block cannot be: the first such thing counts.
  void fail(int status, const char* reason) {
    if (problem_.status == 0) problem_ = {status, reason};
  }
  /// The block has ended: completes the head and checks it as a whole.
  HeadProblem finishHead(http::RequestSink& sink);
  bool failed() const { return problem_.status != 0; }

 private:
  void pseudoField(http::RequestHead& request, std::string_view name, std::string_view value);
  void check(http::RequestHead& request);
  void joinCookies(http::RequestSink& sink);

  const http::CodecLimits limits_;
  HeadProblem problem_;
  size_t bytes_ = 0;
  size_t fields_ = 0;
  std::string_view authority_;
  std::string_view scheme_;
  std::vector<std::string_view> cookies_;  ///< Crumbs, joined at the end (RFC 9113 section 8.2.3).
};

}  // namespace tollgate::http2
