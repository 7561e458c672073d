#pragma once

#include <string_view>

#include "source/http/header_code.h"

/// What the parts of a request head must be so that they can go on as HTTP/1 without a change of
/// meaning. nghttp2 checks some of it; none of this depends on that.
namespace tollgate::http2 {

/// A token of RFC 9110.
bool isToken(std::string_view text);
/// A token without small letters, as all methods are: origins that do not distinguish them (RFC
/// 9110 section 9.1 says they must) would be led astray by "trace" or "post".
bool isMethod(std::string_view text);
/// A token without capitals.
bool isFieldName(std::string_view name);
/// No control characters but TAB, no white space at the ends.
bool isFieldValue(std::string_view value);
/// Origin form without a fragment, or "*".
bool isTarget(std::string_view target);
/// Host and port without user information: "name", "1.2.3.4:80", "[::1]:80".
bool isAuthority(std::string_view authority);
/// Fields that belong to one HTTP/1 connection and must not be in HTTP/2 (RFC 9113 8.2.2).
bool isConnectionField(http::HeaderCode code);

}  // namespace tollgate::http2
