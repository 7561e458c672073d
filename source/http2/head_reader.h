#pragma once

#include <string_view>
#include <vector>

#include "source/http/codec.h"
#include "source/http2/block_reader.h"

namespace tollgate::http2 {

/// Turns header blocks into request heads and trailers that mean the same in HTTP/1. One for a
/// connection: its header blocks come one after the other (RFC 9113 section 4.3).
class HeadReader final : public BlockReader {
 public:
  using BlockReader::BlockReader;

  /// A block begins.
  void begin();
  /// One field of the head of `sink`'s request, in the order received.
  void headField(http::RequestSink& sink, std::string_view name, std::string_view value);
  /// The block has ended: completes the head and checks it as a whole.
  HeadProblem finishHead(http::RequestSink& sink);

 private:
  void pseudoField(http::RequestHead& request, std::string_view name, std::string_view value);
  void check(http::RequestHead& request);
  void joinCookies(http::RequestSink& sink);

  std::string_view authority_;
  std::string_view scheme_;
  std::vector<std::string_view> cookies_;  ///< Crumbs, joined at the end (RFC 9113 section 8.2.3).
};

}  // namespace tollgate::http2
