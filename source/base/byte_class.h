#pragma once

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "source/base/copy.h"

namespace tollgate {

/// A set of ASCII bytes in which 16 bytes are looked up at once. With SSSE3 by two tables of
/// nibbles: for a byte x of the set, low[x & 15] has the bit of x's high nibble.
class ByteClass {
 public:
  static constexpr size_t kWide = 16;  ///< Bytes of a block.

  /// Bytes from 0x80 on are never in it.
  constexpr explicit ByteClass(const std::array<bool, 256>& members) {
    for (size_t c = 0; c < 128; ++c) {
      if (members[c]) low_[c & 15] = static_cast<uint8_t>(low_[c & 15] | 1 << (c >> 4));
    }
  }

  constexpr bool has(char c) const {
    auto byte = static_cast<unsigned char>(c);
    return byte < 128 && (low_[byte & 15] >> (byte >> 4) & 1) != 0;
  }

#if defined(__SSSE3__)
  /// One bit for each byte of `block` that is not in the set.
  uint32_t outside(__m128i block) const {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(low_));
    const __m128i high = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i a = _mm_shuffle_epi8(low, block);
    __m128i b = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(block, 4), _mm_set1_epi8(15)));
    __m128i none = _mm_cmpeq_epi8(_mm_and_si128(a, b), _mm_setzero_si128());
    return static_cast<uint32_t>(_mm_movemask_epi8(none));
  }
#endif
  /// The same for the kWide bytes at `block`.
  uint32_t outside(const char* block) const {
#if defined(__SSSE3__)
    return outside(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block)));
#else
    uint32_t out = 0;
    for (size_t i = 0; i < kWide; ++i) out |= uint32_t{!has(block[i])} << i;
    return out;
#endif
  }

  /// One bit for each of the kWide bytes at `block` that is `byte`.
  static uint32_t equal(const char* block, char byte) {
#if defined(__SSSE3__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte))));
#else
    uint32_t out = 0;
    for (size_t i = 0; i < kWide; ++i) out |= uint32_t{block[i] == byte} << i;
    return out;
#endif
  }

  /// How many bytes at the front of `text` are in the set.
  size_t span(std::string_view text) const {
    size_t at = 0;
    for (; text.size() - at >= kWide; at += kWide) {
      if (uint32_t bad = outside(text.data() + at)) return at + std::countr_zero(bad);
    }
    char rest[kWide] = {};
    copyShort(rest, text.data() + at, text.size() - at);
    return at + std::countr_zero(outside(rest) | 1U << (text.size() - at));
  }

 private:
  alignas(16) uint8_t low_[16] = {};
};

}  // namespace tollgate
