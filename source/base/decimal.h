#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tollgate {

/// A whole number as decimal text, which lives as long as this. Inlined where it is used: most
/// numbers on the data path have few digits.
class Decimal {
 public:
  explicit Decimal(int64_t value) {
    auto rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    char* at = digits_ + kMost;
    for (; rest >= 100; rest /= 100) std::memcpy(at -= 2, kPairs.data() + 2 * (rest % 100), 2);
    if (rest >= 10) {
      std::memcpy(at -= 2, kPairs.data() + 2 * rest, 2);
    } else {
      *--at = static_cast<char>('0' + rest);
    }
    if (value < 0) *--at = '-';
    at_ = at;
  }
  Decimal(const Decimal&) = delete;
  Decimal& operator=(const Decimal&) = delete;

  std::string_view text() const { return {at_, static_cast<size_t>(digits_ + kMost - at_)}; }

 private:
  static constexpr size_t kMost = 20;  ///< Digits and sign of the least number.
  /// "00" to "99".
  static constexpr std::array<char, 200> kPairs = [] {
    std::array<char, 200> out{};
    for (size_t i = 0; i < 100; ++i) {
      out[2 * i] = static_cast<char>('0' + i / 10);
      out[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return out;
  }();
  char digits_[kMost];
  const char* at_;
};

}  // namespace tollgate
