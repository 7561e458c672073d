#include "source/base/base64.h"

#include <array>

namespace tollgate {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr uint8_t kNone = 64;

constexpr std::array<uint8_t, 256> valuesOfCharacters() {
  std::array<uint8_t, 256> out{};
  for (uint8_t& value : out) value = kNone;
  for (uint8_t i = 0; i < 64; ++i) out[static_cast<unsigned char>(kStandard[i])] = i;
  out['-'] = out['+'];
  out['_'] = out['/'];
  return out;
}
constexpr std::array<uint8_t, 256> kValues = valuesOfCharacters();

}  // namespace

std::string encodeBase64(std::string_view bytes, Base64Alphabet alphabet) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int count = 0;
  auto put = [&](uint32_t value) {
    char c = kStandard[value & 63];
    if (alphabet == Base64Alphabet::kUrl && c == '+') c = '-';
    if (alphabet == Base64Alphabet::kUrl && c == '/') c = '_';
    out += c;
  };
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) put(bits >> (count - 6));
  }
  if (count > 0) put(bits << (6 - count));
  return out;
}

bool decodeBase64(std::string_view text, std::string& out) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.empty() || text.size() % 4 == 1) return false;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) return false;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 255);
    }
  }
  return true;
}

}  // namespace tollgate
