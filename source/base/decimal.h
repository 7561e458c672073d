#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tollgate {

/// A whole number as decimal text, which lives as long as this. Inlined where it is used: most
/// numbers on the data path have few digits.
class Decimal {
 public:
  explicit Decimal(int64_t value) {
    auto rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    do {
      *--at_ = static_cast<char>('0' + rest % 10);
    } while ((rest /= 10) > 0);
    if (value < 0) *--at_ = '-';
  }
  Decimal(const Decimal&) = delete;
  Decimal& operator=(const Decimal&) = delete;

  std::string_view text() const { return {at_, static_cast<size_t>(digits_ + kMost - at_)}; }

 private:
  static constexpr size_t kMost = 20;  ///< Digits and sign of the least number.
  char digits_[kMost];
  char* at_ = digits_ + kMost;
};

}  // namespace tollgate
