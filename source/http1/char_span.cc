#include "source/http1/char_span.h"

#include <cstdint>
#include <cstring>

namespace tollgate::http1 {
namespace {

constexpr bool inTarget(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && byte != '#';
}

#if defined(__x86_64__)
inline uint32_t badInTarget(__m128i x) {
  __m128i bad = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x20)), x);
  bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('#')));
  bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
  return static_cast<uint32_t>(_mm_movemask_epi8(bad));
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
