#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace tollgate {

/// Copies at most 16 bytes.
inline void copyShort(char* to, const char* from, size_t size) {
  if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size >= 2) {
    std::memcpy(to, from, 2);
    std::memcpy(to + size - 2, from + size - 2, 2);
  } else if (size == 1) {
    *to = *from;
  }
}

/// Copies `text` to `to` and returns the end. For names and values, most of which have 4 to 64
/// bytes: two loads that overlap are several times cheaper than a call of memcpy.
inline char* copyTo(char* to, std::string_view text) {
  const char* from = text.data();
  size_t size = text.size();
  if (size <= 16) {
    copyShort(to, from, size);
  } else if (size <= 32) {
    std::memcpy(to, from, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size <= 64) {
    std::memcpy(to, from, 32);
    std::memcpy(to + size - 32, from + size - 32, 32);
  } else {
    std::memcpy(to, from, size);
  }
  return to + size;
}

}  // namespace tollgate
