#include "source/proxy/hash_input.h"

#include <algorithm>
#include <vector>

namespace tollgate::proxy {
namespace {

/// Arguments beyond these do not count, as everywhere.
constexpr size_t kMaxArguments = 100;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Percent-decodes; "+" stands for a space, a broken escape for itself.
std::string_view decoded(Arena& arena, std::string_view text) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  char* out = arena.chars(text.size());
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexDigit(text[i + 1]) >= 0 &&
        hexDigit(text[i + 2]) >= 0) {
      out[size++] = static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2]));
      i += 2;
    } else {
      out[size++] = text[i] == '+' ? ' ' : text[i];
    }
  }
  return {out, size};
}

std::string_view joined(Arena& arena, const std::vector<std::string_view>& parts,
                        std::string_view separator) {
  if (parts.size() == 1) return parts.front();
  size_t size = 0;
  for (std::string_view part : parts) size += part.size() + separator.size();
  char* out = arena.chars(size);
  char* at = out;
  for (std::string_view part : parts) {
    if (at != out) at = std::copy(separator.begin(), separator.end(), at);
    at = std::copy(part.begin(), part.end(), at);
  }
  return {out, static_cast<size_t>(at - out)};
}

}  // namespace

std::optional<std::string_view> headerHashInput(const http::HeaderMap& headers,
                                                std::string_view name) {
  if (headers.find(name) == nullptr) return std::nullopt;
  return headers.joined(name);
}

std::optional<std::string_view> cookieHashInput(const http::HeaderMap& headers,
                                                std::string_view name) {
  std::optional<std::string_view> found;
  headers.forEach([&](const http::Header& header) {
    if (found || !http::equalsIgnoreCase(header.name(), "cookie")) return;
    std::string_view list = header.value();
    while (!list.empty() && !found) {
      const size_t end = list.find(';');
      std::string_view one = trimmed(list.substr(0, end));
      list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
      const size_t equals = one.find('=');
      if (equals != std::string_view::npos && trimmed(one.substr(0, equals)) == name) {
        found = trimmed(one.substr(equals + 1));
      }
    }
  });
  return found;
}

std::optional<std::string_view> queryHashInput(Arena& arena, std::string_view query,
                                               std::string_view name) {
  std::vector<std::string_view> values;
  for (size_t count = 0; !query.empty() && count < kMaxArguments; ++count) {
    const size_t end = query.find('&');
    std::string_view one = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = one.find('=');
    if (decoded(arena, one.substr(0, equals)) != name) continue;
    values.push_back(equals == std::string_view::npos ? "true"
                                                      : decoded(arena, one.substr(equals + 1)));
  }
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return joined(arena, values, ",");
}

}  // namespace tollgate::proxy
