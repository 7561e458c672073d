#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Letters in upper and lower case, eight bytes at a time.
namespace tollgate {

constexpr char lowerByte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// 0x20 in every byte of `word` that is an upper-case ASCII letter, 0 in the others.
constexpr uint64_t upperCaseBits(uint64_t word) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t low = word & (kEach * 0x7f);
  uint64_t fromA = low + kEach * (0x80 - 'A');  // high bit: >= 'A'
  uint64_t aboveZ = low + kEach * (0x7f - 'Z');
  return ((fromA ^ aboveZ) & ~word & (kEach * 0x80)) >> 2;
}

/// Eight bytes with ASCII letters in lower case.
constexpr uint64_t lowerWord(uint64_t word) { return word | upperCaseBits(word); }

/// The eight bytes at `p`.
inline uint64_t loadWord(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// All of 4 to 8 bytes as one word, those in the middle twice.
inline uint64_t loadShortWord(const char* p, size_t size) {
  uint32_t front, back;
  std::memcpy(&front, p, sizeof front);
  std::memcpy(&back, p + size - 4, sizeof back);
  return front | uint64_t{back} << 32;
}

/// True if there is an upper-case ASCII letter.
inline bool hasUpperCase(std::string_view text) {
  const char* p = text.data();
  size_t size = text.size();
  if (size < 4) {
    for (char c : text) {
      if (lowerByte(c) != c) return true;
    }
    return false;
  }
  if (size < 8) return upperCaseBits(loadShortWord(p, size)) != 0;
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (upperCaseBits(loadWord(p + i)) != 0) return true;
  }
  return upperCaseBits(loadWord(p + size - 8)) != 0;
}

/// Compares ASCII letters in any case, other bytes exactly. Fastest for what is equal already.
[[gnu::always_inline]] inline bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  auto same = [](uint64_t x, uint64_t y) { return x == y || lowerWord(x) == lowerWord(y); };
  const char *p = a.data(), *q = b.data();
  size_t size = a.size();
  if (size < 4) {
    for (size_t i = 0; i < size; ++i) {
      if (lowerByte(p[i]) != lowerByte(q[i])) return false;
    }
    return true;
  }
  if (size < 8) return same(loadShortWord(p, size), loadShortWord(q, size));
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (!same(loadWord(p + i), loadWord(q + i))) return false;
  }
  return same(loadWord(p + size - 8), loadWord(q + size - 8));
}

}  // namespace tollgate
