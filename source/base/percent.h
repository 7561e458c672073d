#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "source/base/arena.h"
#include "source/base/hex.h"

/// Percent-encoding (RFC 3986 section 2.1).
namespace tollgate {

/// The byte that the escape at `at` ("%2F") stands for; -1 where there is none.
inline int escapedByte(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hexValue(text[at + 1]), low = hexValue(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// What "+" stands for: in forms, and in queries that come from them, a space.
enum class Plus { kItself, kSpace };

/// Decodes to `out`, which has room for as many bytes as `text`; returns how many there are. What
/// only looks like an escape stands for itself.
inline size_t decodePercent(std::string_view text, Plus plus, char* out) {
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const int byte = escapedByte(text, i); byte >= 0) {
      out[size++] = static_cast<char>(byte);
      i += 2;
    } else {
      out[size++] = text[i] == '+' && plus == Plus::kSpace ? ' ' : text[i];
    }
  }
  return size;
}

inline std::string decodedPercent(std::string_view text, Plus plus) {
  std::string out(text.size(), '\0');
  out.resize(decodePercent(text, plus, out.data()));
  return out;
}

/// Unreserved characters (RFC 3986 section 2.3).
constexpr bool isUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// Appends the text with every byte encoded that `keep(byte)` does not let stand.
template <typename Keep>
void encodePercent(std::string_view text, Keep keep, std::string& out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (keep(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

/// The same in an arena; copies only where there is something to encode.
template <typename Keep>
std::string_view encodedPercent(std::string_view text, Keep keep, Arena& arena) {
  size_t first = 0;
  while (first < text.size() && keep(text[first])) ++first;
  if (first == text.size()) return text;
  std::string out(text.substr(0, first));
  encodePercent(text.substr(first), keep, out);
  return arena.copy(out);
}

/// Copies only where there is something to decode.
inline std::string_view decodedPercent(std::string_view text, Plus plus, Arena& arena) {
  if (text.find_first_of(plus == Plus::kSpace ? "%+" : "%") == std::string_view::npos) return text;
  char* out = arena.chars(text.size());
  return {out, decodePercent(text, plus, out)};
}

}  // namespace tollgate
