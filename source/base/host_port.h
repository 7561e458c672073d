#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tollgate {

/// A host with or without a port, taken apart: "name", "name:80", "1.2.3.4:80", "[::1]:80", "::1".
/// The one place that does so: an IPv6 address has colons of its own.
struct HostPort {
  std::string_view host;  ///< As written, an IPv6 address in its brackets if it has them.
  std::string_view port;  ///< Up to five digits; "" if there is none.

  /// What does not end with a colon and a port up to 65535 is all host. Allocates nothing.
  static HostPort split(std::string_view text) {
    constexpr size_t kMostDigits = 5;
    size_t digits = 0;
    while (digits < text.size() && digits < kMostDigits &&
           isDigit(text[text.size() - 1 - digits])) {
      ++digits;
    }
    if (digits == text.size()) return {text, {}};
    const size_t colon = text.size() - digits - 1;
    if (text[colon] != ':') return {text, {}};
    const bool bracketed = text.front() == '[';
    if (bracketed ? colon == 0 || text[colon - 1] != ']' : text.find(':') != colon) {
      return {text, {}};  // within an address
    }
    if (numberOf(text.substr(colon + 1)) > UINT16_MAX) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
  }

  /// 0 if there is none.
  uint16_t number() const { return static_cast<uint16_t>(numberOf(port)); }
  /// Without brackets.
  std::string_view bareHost() const {
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return bracketed ? host.substr(1, host.size() - 2) : host;
  }

 private:
  static bool isDigit(char c) { return c >= '0' && c <= '9'; }
  static uint32_t numberOf(std::string_view digits) {
    uint32_t number = 0;
    for (char digit : digits) number = number * 10 + static_cast<uint32_t>(digit - '0');
    return number;
  }
};

/// The name that TLS asks a host for (RFC 6066 section 3: without the final dot), or its address
/// without brackets, of a host with or without port.
inline std::string_view serverNameOf(std::string_view text) {
  std::string_view name = HostPort::split(text).bareHost();
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return name;
}

}  // namespace tollgate
