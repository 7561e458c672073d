#include "source/http2/head_rules.h"

#include <algorithm>
#include <array>

namespace tollgate::http2 {
namespace {

constexpr bool isAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

using ByteSet = std::array<bool, 256>;

/// The bytes for which `in(char)` says so.
template <typename In>
constexpr ByteSet bytesThat(In&& in) {
  ByteSet set{};
  for (int byte = 0; byte < 256; ++byte) set[byte] = in(static_cast<char>(byte));
  return set;
}

constexpr ByteSet kToken =
    bytesThat([](char c) { return isAlnum(c) || contains("!#$%&'*+-.^_`|~", c); });
constexpr ByteSet kMethod =
    bytesThat([](char c) { return kToken[static_cast<unsigned char>(c)] && (c < 'a' || c > 'z'); });
constexpr ByteSet kFieldName =
    bytesThat([](char c) { return kToken[static_cast<unsigned char>(c)] && (c < 'A' || c > 'Z'); });
constexpr ByteSet kValue = bytesThat([](char c) {
  auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
});
constexpr ByteSet kHost =
    bytesThat([](char c) { return isAlnum(c) || contains("-._~!$&'()*+,;=%", c); });

bool allIn(const ByteSet& set, std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool isPort(std::string_view port) {
  if (port.size() > 5) return false;
  unsigned value = 0;
  for (char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535;
}

bool isBracketed(std::string_view authority) {
  size_t close = authority.find(']');
  if (close == std::string_view::npos || close < 3) return false;
  for (char c : authority.substr(1, close - 1)) {
    bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!hex && c != ':' && c != '.') return false;
  }
  std::string_view rest = authority.substr(close + 1);
  return rest.empty() || (rest[0] == ':' && isPort(rest.substr(1)));
}

}  // namespace

bool isToken(std::string_view text) { return !text.empty() && allIn(kToken, text); }

bool isMethod(std::string_view text) { return !text.empty() && allIn(kMethod, text); }

bool isFieldName(std::string_view name) { return !name.empty() && allIn(kFieldName, name); }

bool isFieldValue(std::string_view value) {
  if (value.empty()) return true;
  if (contains(" \t", value.front()) || contains(" \t", value.back())) return false;
  return allIn(kValue, value);
}

bool isTarget(std::string_view target) {
  if (target == "*") return true;
  if (target.empty() || target[0] != '/') return false;
  return std::all_of(target.begin(), target.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool isAuthority(std::string_view authority) {
  if (authority.empty()) return false;
  if (authority[0] == '[') return isBracketed(authority);
  size_t colon = authority.find(':');
  std::string_view host = authority.substr(0, colon);
  if (colon != std::string_view::npos && !isPort(authority.substr(colon + 1))) return false;
  return !host.empty() && allIn(kHost, host);
}

bool isConnectionField(http::HeaderCode code) {
  using enum http::HeaderCode;
  constexpr uint64_t kFields = http::bitOf(kConnection) | http::bitOf(kKeepAlive) |
                               http::bitOf(kProxyConnection) | http::bitOf(kTransferEncoding) |
                               http::bitOf(kUpgrade);
  return (kFields & http::bitOf(code)) != 0;
}

}  // namespace tollgate::http2
