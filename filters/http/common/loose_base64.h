#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::filters {

/// Base64 as clients send it and the reference takes it: the alphabet of RFC 4648 section 4, padded
/// or not; what stands behind the first '=' counts for nothing. No text gives no bytes.
std::optional<std::string> decodeLooseBase64(std::string_view text);

/// The same with either alphabet, for the parts of a token (RFC 7515 section 2).
std::optional<std::string> decodeLooseBase64Url(std::string_view text);

}  // namespace tollgate::filters
