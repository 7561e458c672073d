#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "source/base/hex.h"

namespace tollgate {

/// Whether the text is a UUID (RFC 9562 section 4), of any version and in either case.
inline bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hexValue(text[i]) < 0) return false;
  }
  return true;
}

/// In lower case.
inline std::string printUuid(std::span<const uint8_t, 16> bytes) {
  std::string out = toHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (size_t at : {8, 13, 18, 23}) out.insert(at, 1, '-');
  return out;
}

}  // namespace tollgate
