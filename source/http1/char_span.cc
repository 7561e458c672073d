#include "source/http1/char_span.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstdint>
#include <cstring>

namespace tollgate::http1 {
namespace {

constexpr std::array<bool, 256> kToken = [] {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) {
    bool alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    bool digit = c >= '0' && c <= '9';
    table[c] = alpha || digit || kMarks.find(char(c)) != kMarks.npos;
  }
  return table;
}();

constexpr bool inTarget(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && byte != '#';
}

const char* tokenSpanScalar(const char* p, const char* end) {
  while (p < end && kToken[static_cast<unsigned char>(*p)]) ++p;
  return p;
}

#if defined(__x86_64__)
// For a token byte x: low[x & 15] has the bit of x's high nibble. Bytes from 0x80 have none.
alignas(16) constexpr std::array<uint8_t, 16> kTokenLow = [] {
  std::array<uint8_t, 16> table{};
  for (int c = 0; c < 128; ++c) {
    if (kToken[c]) table[c & 15] = static_cast<uint8_t>(table[c & 15] | (1 << (c >> 4)));
  }
  return table;
}();
alignas(16) constexpr std::array<uint8_t, 16> kTokenHigh = {1, 2, 4, 8, 16, 32, 64, 128};

__attribute__((target("ssse3"))) const char* tokenSpanSsse3(const char* p, const char* end) {
  const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(kTokenLow.data()));
  const __m128i high = _mm_load_si128(reinterpret_cast<const __m128i*>(kTokenHigh.data()));
  const __m128i nibble = _mm_set1_epi8(15);
  for (; end - p >= 16; p += 16) {
    __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    __m128i a = _mm_shuffle_epi8(low, x);
    __m128i b = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(x, 4), nibble));
    __m128i bad = _mm_cmpeq_epi8(_mm_and_si128(a, b), _mm_setzero_si128());
    auto mask = static_cast<uint32_t>(_mm_movemask_epi8(bad));
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  return tokenSpanScalar(p, end);
}

bool hasSsse3() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("ssse3");
}
const bool kSsse3 = hasSsse3();

inline uint32_t badInTarget(__m128i x) {
  __m128i bad = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x20)), x);
  bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('#')));
  bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
  return static_cast<uint32_t>(_mm_movemask_epi8(bad));
}

inline __m128i load16(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

/// Up to 15 bytes, the others spaces, which stand in every value.
inline __m128i loadShort(const char* p, size_t size) {
  alignas(16) char bytes[16];
  std::memset(bytes, ' ', sizeof bytes);
  if (size >= 8) {
    std::memcpy(bytes, p, 8);
    std::memcpy(bytes + size - 8, p + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(bytes, p, 4);
    std::memcpy(bytes + size - 4, p + size - 4, 4);
  } else {
    for (size_t i = 0; i < size; ++i) bytes[i] = p[i];
  }
  return _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
}
#endif

}  // namespace

const char* tokenSpan(const char* p, const char* end) {
#if defined(__x86_64__)
  if (kSsse3) return tokenSpanSsse3(p, end);
#endif
  return tokenSpanScalar(p, end);
}

const char* targetSpan(const char* p, const char* end) {
#if defined(__x86_64__)
  for (; end - p >= 16; p += 16) {
    if (uint32_t bad = badInTarget(load16(p))) return p + __builtin_ctz(bad);
  }
#endif
  while (p < end && inTarget(*p)) ++p;
  return p;
}

bool isToken(std::string_view text) {
  const char* end = text.data() + text.size();
  return !text.empty() && tokenSpan(text.data(), end) == end;
}

bool isFieldValue(std::string_view text) {
#if defined(__x86_64__)
  if (text.size() < 16) return badInValue(loadShort(text.data(), text.size())) == 0;
#endif
  const char* end = text.data() + text.size();
  return valueSpan(text.data(), end) == end;
}

}  // namespace tollgate::http1
