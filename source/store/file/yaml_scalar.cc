#include "source/store/file/yaml_scalar.h"

#include <charconv>
#include <cmath>

namespace tollgate::store {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// lower, Capital or UPPER case, as YAML has it.
bool isWord(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size() || (text[0] | 0x20) != lower[0]) return false;
  const bool capital = text[0] != lower[0];
  const bool upper = capital && text.size() > 1 && (text[1] & 0x20) == 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] != (upper ? lower[i] & ~0x20 : lower[i])) return false;
  }
  return true;
}

Json wholeNumber(std::string_view digits, int base, bool negative) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return nullptr;
  }
  return negative ? -value : value;
}

}  // namespace

Json plainScalar(std::string_view text) {
  if (text.empty() || text == "~" || isWord(text, "null")) return nullptr;
  if (isWord(text, "true")) return true;
  if (isWord(text, "false")) return false;
  if (isDigit(text[0]) || text[0] == '-') {
    Json number = Json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return std::string(text);
}

bool isLooseScalar(std::string_view text) {
  constexpr size_t kLongest = 64;
  if (text.empty() || text.size() > kLongest) return false;
  return !looseBoolean(text).is_null() || !looseNumber(text).is_null();
}

Json looseBoolean(std::string_view text) {
  if (text.empty() || text.size() > 3) return nullptr;
  for (const char* word : {"yes", "on", "y"}) {
    if (isWord(text, word)) return true;
  }
  for (const char* word : {"no", "off", "n"}) {
    if (isWord(text, word)) return false;
  }
  return nullptr;
}

Json looseNumber(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || (!isDigit(text[0]) && text[0] != '.')) return nullptr;
  std::string digits(text);
  std::erase(digits, '_');
  if (digits.size() > 2 && digits[0] == '0') {
    const std::string_view rest = std::string_view(digits).substr(2);
    switch (digits[1]) {
      case 'x':
        return wholeNumber(rest, 16, negative);
      case 'o':
        return wholeNumber(rest, 8, negative);
      case 'b':
        return wholeNumber(rest, 2, negative);
      default:
        break;
    }
  }
  if (digits.size() > 1 && digits[0] == '0' && isDigit(digits[1])) return nullptr;
  if (Json whole = wholeNumber(digits, 10, negative); !whole.is_null()) return whole;
  double value = 0;
  const char* last = digits.data() + digits.size();
  auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last || !std::isfinite(value)) return nullptr;
  return negative ? -value : value;
}

}  // namespace tollgate::store
