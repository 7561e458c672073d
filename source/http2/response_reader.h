#pragma once

#include <string_view>

#include "source/http2/block_reader.h"

namespace tollgate::http2 {

/// Turns header blocks of an origin into response heads that mean the same in HTTP/1.
class ResponseReader final : public BlockReader {
 public:
  using BlockReader::BlockReader;

  /// A block begins; of a head: that of `response`, else nullptr.
  void begin(http::ResponseHead* response);
  /// One field of the head of `sink`'s response, in the order received.
  void headField(http::ResponseSink& sink, std::string_view name, std::string_view value);
  /// The block of a head has ended. "": the head is well-formed. Else what it is not; a literal.
  std::string_view finishHead(http::ResponseHead& response);
  std::string_view problem() const { return problem_.reason; }
};

}  // namespace tollgate::http2
