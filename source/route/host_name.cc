#include "source/route/host_name.h"

#include <algorithm>

#include "source/base/ascii.h"

namespace tollgate::route {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes the port off the end of `text`; 0 if there is none.
uint16_t takePort(std::string_view& text) {
  constexpr size_t kMostDigits = 5;
  size_t digits = 0;
  while (digits < text.size() && digits < kMostDigits && isDigit(text[text.size() - 1 - digits])) {
    ++digits;
  }
  size_t colon = text.size() - digits - 1;
  if (digits == text.size() || text[colon] != ':') return 0;
  if (text.front() == '[' && (colon == 0 || text[colon - 1] != ']')) return 0;
  uint32_t port = 0;
  for (char digit : text.substr(colon + 1)) port = port * 10 + static_cast<uint32_t>(digit - '0');
  if (port > UINT16_MAX) return 0;
  text = text.substr(0, colon);
  return static_cast<uint16_t>(port);
}

}  // namespace

HostName HostName::of(std::string_view text, Arena& arena) {
  HostName out;
  out.port = takePort(text);
  out.name = text;
  if (!hasUpperCase(text)) return out;
  char* lower = arena.chars(text.size());
  std::transform(text.begin(), text.end(), lower, lowerByte);
  out.name = {lower, text.size()};
  return out;
}

}  // namespace tollgate::route
