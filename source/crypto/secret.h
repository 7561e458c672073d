#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Handling of bytes that nobody else may see, and of bytes that nobody can guess. Any thread.
namespace tollgate::crypto {

/// Takes the same time whatever the bytes; texts of different lengths differ at once.
bool equalInConstantTime(std::string_view a, std::string_view b);

/// From BoringSSL's generator, which the system seeds. Does not fail: it ends the process instead.
void fillRandom(std::span<uint8_t> out);
std::string randomBytes(size_t count);
/// Version 4 (RFC 9562 section 5.4).
std::string randomUuid();

/// Overwrites the text, which the compiler would leave out as useless, and empties it.
void wipe(std::string& text);

/// A text that is overwritten when it goes. Moves leave nothing behind; there are no copies.
class Secret {
 public:
  Secret() = default;
  /// Wipes the text that it is made of. What the caller has copied elsewhere stays there.
  explicit Secret(std::string&& text);
  Secret(Secret&& other) noexcept : Secret(std::move(other.text_)) {}
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(text_); }

  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace tollgate::crypto
