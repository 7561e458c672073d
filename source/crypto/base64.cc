#include "source/crypto/base64.h"

#include <array>

namespace tollgate::crypto {
namespace {

constexpr std::string_view kStandardAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<uint8_t, 256>;
constexpr uint8_t kNone = 64;

constexpr Values valuesOf(std::string_view alphabet, std::string_view another = {}) {
  Values out{};
  for (uint8_t& value : out) value = kNone;
  for (uint8_t i = 0; i < 64; ++i) {
    out[static_cast<unsigned char>(alphabet[i])] = i;
    if (!another.empty()) out[static_cast<unsigned char>(another[i])] = i;
  }
  return out;
}
constexpr Values kStandardValues = valuesOf(kStandardAlphabet);
constexpr Values kUrlValues = valuesOf(kUrlAlphabet);
constexpr Values kAllValues = valuesOf(kStandardAlphabet, kUrlAlphabet);

Error notBase64(size_t at) {
  return Error::invalid("no base64: wrong character at position " + std::to_string(at + 1));
}

/// `text` without its padding. The bits that are left over end in `rest`.
Result<std::string> decodeCharacters(std::string_view text, const Values& values, uint32_t& rest) {
  if (text.size() % 4 == 1) return Error::invalid("no base64: it is cut off");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t value = values[static_cast<unsigned char>(text[i])];
    if (value == kNone) return notBase64(i);
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 255);
    }
  }
  rest = bits & ((1u << count) - 1);
  return out;
}

}  // namespace

std::string encodeBase64(std::string_view bytes, Base64 form) {
  const std::string_view alphabet = form == Base64::kUrl ? kUrlAlphabet : kStandardAlphabet;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += alphabet[(bits >> (count - 6)) & 63];
  }
  if (count > 0) out += alphabet[(bits << (6 - count)) & 63];
  while (form == Base64::kStandard && out.size() % 4 != 0) out += '=';
  return out;
}

Result<std::string> decodeBase64(std::string_view text, Base64 form) {
  if (form == Base64::kStandard) {
    if (text.size() % 4 != 0) return Error::invalid("no base64: it is cut off");
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  uint32_t rest = 0;
  auto out = decodeCharacters(text, form == Base64::kUrl ? kUrlValues : kStandardValues, rest);
  if (out && rest != 0) return notBase64(text.size() - 1);
  return out;
}

Result<std::string> decodeAnyBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.empty()) return Error::invalid("no base64: there is no text");
  uint32_t rest = 0;
  return decodeCharacters(text, kAllValues, rest);
}

}  // namespace tollgate::crypto
