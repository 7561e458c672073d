#pragma once

#include <string>
#include <string_view>

#include "source/base/hex.h"
#include "source/crypto/base64.h"

namespace tollgate::crypto {

/// Test vectors are printed in hexadecimal, with spaces here and there.
inline std::string fromHex(std::string_view text) {
  std::string out;
  int high = -1;
  for (char c : text) {
    if (c == ' ') continue;
    if (high < 0) {
      high = hexValue(c);
    } else {
      out += static_cast<char>(high * 16 + hexValue(c));
      high = -1;
    }
  }
  return out;
}

inline std::string fromUrl(std::string_view text) {
  return decodeBase64(text, Base64::kUrl).value();
}

}  // namespace tollgate::crypto
