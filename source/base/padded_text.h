#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace tollgate {

/// A text of at most kMost bytes, made in advance to be copied often: as a whole, whatever its
/// length, and so without a branch.
template <size_t kMost>
class PaddedText {
 public:
  static constexpr size_t kRoom = kMost;  ///< Bytes that copyTo() writes.

  PaddedText() = default;
  /// What is beyond kMost bytes is cut off.
  explicit constexpr PaddedText(std::string_view text) : size_(text.copy(bytes_.data(), kMost)) {}

  std::string_view text() const { return {bytes_.data(), size_}; }
  /// Returns the end of the text; what it overwrites behind that has no meaning.
  char* copyTo(char* to) const {
    std::memcpy(to, bytes_.data(), kMost);
    return to + size_;
  }

 private:
  std::array<char, kMost> bytes_{};
  size_t size_ = 0;
};

}  // namespace tollgate
