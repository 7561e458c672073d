#pragma once

#include <cstdlib>
#include <string_view>

#include "test/http1/support.h"

namespace tollgate::http1::test {

/// Gives `bytes` to both codecs, whole and in pieces of `step`: must not crash, and both ways must
/// come to the same. Aborts if they do not.
inline void fuzzHttp1(std::string_view bytes, size_t step) {
  Server whole, pieces;
  whole.feed(bytes);
  Client wholeClient, piecesClient;
  wholeClient.start();
  piecesClient.start();
  wholeClient.feed(bytes);
  for (size_t at = 0; at < bytes.size(); at += step) {
    pieces.feed(bytes.substr(at, step));
    piecesClient.feed(bytes.substr(at, step));
  }
  // Which error is found first may depend on the cut (a stray LF is seen before the rest is
  // parsed).
  bool refused = whole.log.find("error") != std::string::npos;
  bool alsoRefused = pieces.log.find("error") != std::string::npos;
  if (refused != alsoRefused || whole.complete != pieces.complete) std::abort();
  if (!refused && whole.log != pieces.log) std::abort();
  if (wholeClient.log != piecesClient.log) std::abort();
}

}  // namespace tollgate::http1::test
