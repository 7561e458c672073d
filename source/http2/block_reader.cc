#include "source/http2/block_reader.h"

#include "source/http2/head_rules.h"

namespace tollgate::http2 {

void BlockReader::trailerField(Arena& arena, http::HeaderMap& trailers, std::string_view name,
                               std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_.maxTrailerBytes || !isFieldName(name) || !isFieldValue(value) ||
      isConnectionField(http::codeOf(name))) {
    return fail(400, "a trailer field is malformed");
  }
  if (name == "content-length" || name == "host" || name == "te" || name == "trailer") return;
  trailers.add(arena.copy(name), arena.copy(value));
}

}  // namespace tollgate::http2
