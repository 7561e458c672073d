#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tollgate {

/// "00" to "99".
inline constexpr std::array<char, 200> kDecimalPairs = [] {
  std::array<char, 200> out{};
  for (size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}();

/// How many decimal digits the number has: by its highest bit, and a carry where a power of ten
/// lies between numbers of that bit (Lemire, "Computing the number of digits of an integer even
/// faster", 2021).
inline unsigned digitsOf(uint32_t value) {
  static constexpr std::array<uint64_t, 32> kTable = [] {
    std::array<uint64_t, 32> out{};
    for (unsigned bit = 0; bit < 32; ++bit) {
      uint64_t power = 10, digits = 1;  // of 2^bit
      for (; power <= uint64_t{1} << bit; power *= 10) ++digits;
      const bool within = power < uint64_t{1} << (bit + 1);
      out[bit] = within ? ((digits + 1) << 32) - power : digits << 32;
    }
    return out;
  }();
  return static_cast<unsigned>((value + kTable[std::bit_width(value | 1) - 1]) >> 32);
}

/// A whole number as decimal text, which lives as long as this. Inlined where it is used: most
/// numbers on the data path have few digits.
class Decimal {
 public:
  explicit Decimal(int64_t value) {
    auto rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    char* at = digits_ + kMost;
    for (; rest > UINT32_MAX; rest /= 100) putPair(at, rest % 100);
    auto small = static_cast<uint32_t>(rest);  // cheaper to divide
    for (; small >= 100; small /= 100) putPair(at, small % 100);
    if (small >= 10) {
      putPair(at, small);
    } else {
      *--at = static_cast<char>('0' + small);
    }
    if (value < 0) *--at = '-';
    at_ = at;
  }
  Decimal(const Decimal&) = delete;
  Decimal& operator=(const Decimal&) = delete;

  std::string_view text() const { return {at_, static_cast<size_t>(digits_ + kMost - at_)}; }

 private:
  static constexpr size_t kMost = 20;  ///< Digits and sign of the least number.
  static void putPair(char*& at, uint64_t pair) {
    std::memcpy(at -= 2, kDecimalPairs.data() + 2 * pair, 2);
  }
  char digits_[kMost];
  const char* at_;
};

/// Writes a number of up to 32 bits as decimal text and returns its end.
inline char* writeDecimal(char* to, uint32_t value) {
  char* const end = to + digitsOf(value);
  char* at = end;
  for (; value >= 100; value /= 100) {
    std::memcpy(at -= 2, kDecimalPairs.data() + 2 * (value % 100), 2);
  }
  if (value >= 10) {
    std::memcpy(to, kDecimalPairs.data() + 2 * value, 2);
  } else {
    *to = static_cast<char>('0' + value);
  }
  return end;
}

/// Reads decimal digits, as many as always fit; false for anything else, `value` is then left
/// alone.
inline bool parseDecimal(std::string_view text, uint64_t& value) {
  constexpr size_t kMost = 18;
  if (text.empty() || text.size() > kMost) return false;
  uint64_t out = 0;
  for (char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    out = out * 10 + digit;
  }
  value = out;
  return true;
}

}  // namespace tollgate
