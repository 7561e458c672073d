#pragma once

#include <string_view>

namespace tollgate {

/// Spaces and tabs: the optional white space of HTTP (RFC 9110 section 5.6.3).
constexpr std::string_view kBlanks = " \t";
/// White space as C has it, whatever the locale.
constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

/// Without any of `away` at either end.
constexpr std::string_view trimmed(std::string_view text, std::string_view away = kBlanks) {
  const size_t first = text.find_first_not_of(away);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(away) - first + 1);
}

}  // namespace tollgate
