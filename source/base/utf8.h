#pragma once

#include <cstddef>
#include <string_view>

namespace tollgate {

/// Bytes of the character at the front of `text`; 0 if that is not well-formed UTF-8 (RFC 3629:
/// neither overlong forms nor surrogates). `text` is not empty.
inline size_t utf8Length(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                     (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

/// Position (1-based) of the first byte that is not valid UTF-8; 0 where all is.
inline size_t invalidUtf8At(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8Length(text.substr(i));
    if (length == 0) return i + 1;
    i += length;
  }
  return 0;
}

inline bool isUtf8(std::string_view text) { return invalidUtf8At(text) == 0; }

}  // namespace tollgate
