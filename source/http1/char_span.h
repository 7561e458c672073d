#pragma once

#if defined(__SSSE3__)
#include <tmmintrin.h>
#elif defined(__x86_64__)
#include <emmintrin.h>
#endif

#include <array>
#include <cstdint>
#include <string_view>

#include "source/base/byte_class.h"

/// Runs of bytes of the character classes that HTTP/1.1 heads are made of. Vectorised where the
/// machine can; nothing is read outside of the range given.
namespace tollgate::http1 {

/// Bytes that may stand in a token (RFC 9110 section 5.6.2).
inline constexpr std::array<bool, 256> kToken = [] {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    bool alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    bool digit = c >= '0' && c <= '9';
    table[c] = alpha || digit || kMarks.find(char(c)) != kMarks.npos;
  }
  return table;
}();

#if defined(__x86_64__)
inline __m128i load16(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
#endif

inline constexpr ByteClass kTokenClass{kToken};

#if defined(__SSSE3__)
/// One bit for each of 16 bytes that may not stand in a token.
inline uint32_t badInToken(__m128i x) { return kTokenClass.outside(x); }
#endif

/// The first byte in [p, end) that may not stand in a token, or end.
inline const char* tokenSpan(const char* p, const char* end) {
  return p + kTokenClass.span({p, static_cast<size_t>(end - p)});
}

/// The first control character, space, DEL or "#" in [p, end), or end.
const char* targetSpan(const char* p, const char* end);

/// May stand in a field value: no control character but tab.
constexpr bool inValue(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 || byte == '\t') && byte != 0x7f;
}

#if defined(__x86_64__)
/// One bit for each of 16 bytes that is a control character but tab.
inline uint32_t badInValue(__m128i x) {
  __m128i bad = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
  bad = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\t')), bad);
  bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
  return static_cast<uint32_t>(_mm_movemask_epi8(bad));
}
#endif

/// The first control character but tab in [p, end), or end.
inline const char* valueSpan(const char* p, const char* end) {
#if defined(__x86_64__)
  for (; end - p >= 16; p += 16) {
    if (uint32_t bad = badInValue(load16(p))) return p + __builtin_ctz(bad);
  }
#endif
  while (p < end && inValue(*p)) ++p;
  return p;
}

/// The first line feed in [p, end), or end. For ranges with one every few dozen bytes.
inline const char* lineFeed(const char* p, const char* end) {
#if defined(__x86_64__)
  const __m128i feed = _mm_set1_epi8('\n');
  for (; end - p >= 16; p += 16) {
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(load16(p), feed)));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
#endif
  while (p < end && *p != '\n') ++p;
  return p;
}

/// True when `text` is a non-empty HTTP token.
bool isToken(std::string_view text);
/// True when `text` holds no control character but tabs: may stand in a field value.
bool isFieldValue(std::string_view text);

}  // namespace tollgate::http1
