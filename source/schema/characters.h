#pragma once

/// Classes of ASCII characters, whatever the locale.
namespace tollgate::schema {

inline bool isDigit(unsigned char c) { return c >= '0' && c <= '9'; }
inline bool isAlnum(unsigned char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace tollgate::schema
