#pragma once

#include <cstdlib>
#include <string_view>

#include "source/tls/client_hello.h"

namespace tollgate::tls::test {

/// Gives every beginning of `bytes` (at steps of `step`) to the parser: must not crash, and once it
/// has decided, more bytes must not change the decision. Aborts if they do.
inline void fuzzClientHello(std::string_view bytes, size_t step) {
  ClientHello whole = parseClientHello(bytes);
  for (size_t length = 0; length < bytes.size(); length += step) {
    ClientHello part = parseClientHello(bytes.substr(0, length));
    if (part.state == ClientHello::kNeedMore) continue;
    if (part.state != whole.state || part.serverName != whole.serverName ||
        part.alpn != whole.alpn) {
      std::abort();
    }
  }
  if (whole.state != ClientHello::kParsed && (!whole.serverName.empty() || !whole.alpn.empty())) {
    std::abort();
  }
  if (whole.state == ClientHello::kNeedMore && bytes.size() > 64 * 1024) std::abort();
}

}  // namespace tollgate::tls::test
