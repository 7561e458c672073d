#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "source/crypto/digest.h"
#include "source/http/codec.h"

namespace tollgate::filters::hmac_auth {

/// More than that a client cannot have meant to sign: a field is worth signing once, and a head is
/// shorter.
inline constexpr size_t kMostSignedBytes = 64 * 1024;

/// "hmac-sha256" and its like; nothing for any other name.
std::optional<crypto::Hash> hashOfAlgorithm(std::string_view name);

/// Calls `each(name)` for the names of a list separated by single spaces.
template <typename F>
void forEachName(std::string_view list, F&& each) {
  while (true) {
    const size_t end = list.find(' ');
    each(list.substr(0, end));
    if (end == list.npos) return;
    list.remove_prefix(end + 1);
  }
}

/// The HMAC of what the names stand for in the request, a line each: a header field's first value
/// as "name: value"; without such a field `@request-target` as "@request-target: get /a?b",
/// `request-line` as "GET /a?b HTTP/1.1", and anything else as "name:". Nothing where that is more
/// than kMostSignedBytes.
std::optional<crypto::DigestBytes> signatureOf(const ::tollgate::http::RequestHead& request,
                                               std::string_view names, crypto::Hash hash,
                                               std::string_view secret);

}  // namespace tollgate::filters::hmac_auth
