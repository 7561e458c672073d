#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/result.h"

/// Base64 (RFC 4648). Pure functions; any thread.
namespace tollgate::crypto {

enum class Base64 : uint8_t {
  kStandard,          ///< With + and /, padded to a multiple of four (section 4).
  kStandardUnpadded,  ///< The same without padding.
  kUrl,               ///< With - and _, without padding: as JOSE has it (section 5, RFC 7515).
};

std::string encodeBase64(std::string_view bytes, Base64 form);

/// Strict: one text for each sequence of bytes. Refuses the other alphabet, white space, missing or
/// needless padding, and bits behind the last byte that are not zero. No text gives no bytes.
Result<std::string> decodeBase64(std::string_view text, Base64 form);

/// For what people type: either alphabet, with or without padding, whatever the bits behind the
/// last byte are. No text at all is refused.
Result<std::string> decodeAnyBase64(std::string_view text);

}  // namespace tollgate::crypto
