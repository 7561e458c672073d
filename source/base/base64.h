#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Base64 (RFC 4648). Pure functions; any thread.
namespace tollgate {

enum class Base64Alphabet : uint8_t { kStandard, kUrl };

/// Without padding.
std::string encodeBase64(std::string_view bytes, Base64Alphabet alphabet);
/// Either alphabet, without or with padding; false on what is no base64, and on no text at all.
bool decodeBase64(std::string_view text, std::string& out);

}  // namespace tollgate
