#include "source/schema/rules.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace tollgate::schema {
namespace {

bool isAlnum(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isHex(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
int hexValue(unsigned char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

bool isIp(const std::string& s) {
  unsigned char out[16];
  return inet_pton(AF_INET, s.c_str(), out) == 1 || inet_pton(AF_INET6, s.c_str(), out) == 1;
}

bool isHostName(std::string_view s) {
  if (!s.empty() && s.back() == '.') s.remove_suffix(1);
  if (s.empty()) return false;
  size_t start = 0;
  while (start <= s.size()) {
    size_t end = std::min(s.find('.', start), s.size());
    std::string_view label = s.substr(start, end - start);
    if (label.empty() || label.back() == '-') return false;
    for (unsigned char c : label) {
      if (!isAlnum(c) && c != '_' && c != '-') return false;
    }
    start = end + 1;
  }
  return true;
}

enum class HostType { kName, kIpv4, kIpv6 };

HostType hostType(std::string_view s) {
  if (std::count(s.begin(), s.end(), ':') > 1) return HostType::kIpv6;
  bool numeric = std::all_of(s.begin(), s.end(),
                             [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == ':'; });
  return numeric ? HostType::kIpv4 : HostType::kName;
}

std::string checkHost(const std::string& v) {
  if (hostType(v) == HostType::kIpv6) {
    const bool bracketed = v.size() > 2 && v.front() == '[' && v.back() == ']';
    return isIp(bracketed ? v.substr(1, v.size() - 2) : v) ? "" : "invalid value: " + v;
  }
  size_t colon = v.find(':');
  if (colon != std::string::npos) {
    std::string_view port = std::string_view(v).substr(colon + 1);
    bool digits = !port.empty() && std::all_of(port.begin(), port.end(),
                                               [](char c) { return c >= '0' && c <= '9'; });
    return digits ? "must not have a port" : "invalid value: " + v;
  }
  bool fine = hostType(v) == HostType::kIpv4 ? isIp(v) : isHostName(v);
  return fine ? "" : "invalid value: " + v;
}

std::string checkHostPort(const std::string& v) {
  switch (hostType(v)) {
    case HostType::kIpv6: {
      std::string ip = v;
      if (!v.empty() && v[0] == '[') {
        size_t end = v.find(']');
        ip = end == std::string::npos ? "" : v.substr(1, end - 1);
      }
      return isIp(ip) ? "" : "invalid ipv6 address: " + v;
    }
    case HostType::kIpv4:
    case HostType::kName: {
      const bool name = hostType(v) == HostType::kName;
      const std::string bad = (name ? "invalid hostname: " : "invalid ipv4 address: ") + v;
      size_t colon = v.find(':');
      std::string host = v.substr(0, colon);
      if (colon != std::string::npos) {
        std::string port = v.substr(colon + 1);
        if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos) return bad;
        if (port.size() > 5 || std::atoi(port.c_str()) > 65535) return "invalid port number";
      }
      return (name ? isHostName(host) : isIp(host)) ? "" : bad;
    }
  }
  return "";
}

std::string checkRouteHost(const std::string& v) {
  size_t stars = std::count(v.begin(), v.end(), '*');
  if (stars == 0) return checkHostPort(v);
  if (stars > 1) return "invalid wildcard: must have at most one wildcard";
  bool left = v.substr(0, 2) == "*.";
  bool right = v.size() > 2 && v.substr(v.size() - 2) == ".*";
  if (!left && !right) return "invalid wildcard: must be placed at leftmost or rightmost label";
  std::string probe = v;
  probe[probe.find('*')] = 'a';
  return checkHostPort(probe).empty() ? "" : "invalid hostname: " + v;
}

std::string checkPathText(const std::string& v) {
  if (v[0] != '/') return "should start with: /";
  if (v.find("//") != std::string::npos) return "must not have empty segments";
  for (unsigned char c : v) {
    if (!isAlnum(c) && std::string_view("./-_~%:@!$&'()*+,;=").find(c) == std::string_view::npos) {
      return fmt::format(
          "invalid path: '{}' (characters outside of the reserved list of RFC 3986 found)", v);
    }
  }
  return "";
}

std::string checkEscapes(const std::string& v) {
  for (size_t i = v.find('%'); i != std::string::npos; i = v.find('%', i + 1)) {
    if (i + 2 >= v.size() || !isHex(v[i + 1]) || !isHex(v[i + 2])) {
      return fmt::format("invalid url-encoded value: '{}'", v.substr(i, 3));
    }
  }
  return "";
}

std::string checkPath(const std::string& v) {
  std::string error = checkPathText(v);
  return error.empty() ? checkEscapes(v) : error;
}

/// RE2 names a group (?P<name>…), PCRE also (?<name>…), which is how routes are written.
std::string namedGroupsForRe2(const std::string& pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool group = pattern.compare(i, 3, "(?<") == 0 && i + 3 < pattern.size() &&
                       pattern[i + 3] != '=' && pattern[i + 3] != '!';
    if (group) {
      out += "(?P<";
      i += 2;
    } else {
      out += pattern[i];
      if (pattern[i] == '\\' && i + 1 < pattern.size()) out += pattern[++i];
    }
  }
  return out;
}

/// The pattern of a regex path ("~/…") as the router runs it.
std::unique_ptr<RE2> compileForRouter(const std::string& path) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>("^" + namedGroupsForRe2(path.substr(1)), options);
}

/// What PCRE accepts and an engine of linear time cannot run: look-around and back-references.
bool isBeyondRe2(const RE2& regex) {
  return regex.error_code() == RE2::ErrorBadPerlOp || regex.error_code() == RE2::ErrorBadEscape;
}

std::string reasonOf(const RE2& regex) { return regex.error().substr(0, regex.error().find(": ")); }

std::string checkRegex(const std::string& path) {
  auto regex = compileForRouter(path);
  if (regex->ok() || isBeyondRe2(*regex)) return "";
  return fmt::format("invalid regex: '{0}' (PCRE returned: pcre_compile() failed: {1} in \"{0}\")",
                     path.substr(1), reasonOf(*regex));
}

std::string checkRoutePath(const std::string& v) {
  if (v.starts_with("~/")) return checkRegex(v);
  if (v[0] != '/') return "should start with: / (fixed path) or ~/ (regex path)";
  if (v.find("//") != std::string::npos) return "must not have empty segments";
  std::string error = checkEscapes(v);
  if (!error.empty()) return error;
  std::string normal = normalizePath(v);
  if (normal != v) return fmt::format("non-normalized path, consider use '{}' instead", normal);
  return "";
}

std::string checkUtf8Name(const std::string& v) {
  if (size_t at = invalidUtf8At(v)) {
    return fmt::format("invalid utf-8 character sequence detected at position {}", at);
  }
  for (unsigned char c : v) {
    if (c < 0x80 && !isAlnum(c) && c != '.' && c != '-' && c != '_' && c != '~') {
      return fmt::format(
          "invalid value '{}': the only accepted ascii characters are alphanumerics or ., -, _, "
          "and ~",
          v);
    }
  }
  return "";
}

std::string checkTag(const std::string& v) {
  if (size_t at = invalidUtf8At(v)) {
    return fmt::format("invalid utf-8 character sequence detected at position {}", at);
  }
  for (unsigned char c : v) {
    if (c < 32 || c == 127 || c == ',' || c == '/') {
      return fmt::format(
          "invalid tag '{}': expected printable ascii (except `,` and `/`) or valid utf-8 "
          "sequences",
          v);
    }
  }
  return "";
}

std::string checkHeaderName(const std::string& v) {
  for (unsigned char c : v) {
    if (!isAlnum(c) && c != '_' && c != '-') {
      return fmt::format("bad header name '{}', allowed characters are A-Z, a-z, 0-9, '_', and '-'",
                         v);
    }
  }
  return "";
}

std::string checkWildcardHost(const std::string& v) {
  size_t stars = std::count(v.begin(), v.end(), '*');
  if (stars > 1) return "only one wildcard must be specified";
  if (stars == 1 && v.front() != '*' && v.back() != '*') {
    return "wildcard must be leftmost or rightmost character";
  }
  std::string probe = v;
  if (stars == 1) probe[probe.find('*')] = 'a';
  if (hostType(probe) != HostType::kName) return "must not be an IP";
  if (probe.find(':') != std::string::npos) return "must not have a port";
  return isHostName(probe) ? "" : "invalid value: " + v;
}

std::string checkCidr(const std::string& v) {
  size_t slash = v.find('/');
  std::string bits = slash == std::string::npos ? "" : v.substr(slash + 1);
  std::string ip = v.substr(0, slash);
  int limit = ip.find(':') == std::string::npos ? 32 : 128;
  bool fine = isIp(ip);
  if (slash != std::string::npos) {
    fine = fine && !bits.empty() && bits.size() <= 3 &&
           bits.find_first_not_of("0123456789") == std::string::npos &&
           std::atoi(bits.c_str()) <= limit;
  }
  return fine ? "" : fmt::format("invalid ip or cidr range: '{}'", v);
}

void fillRandom(unsigned char* out, size_t size) {
  while (size > 0) {
    ssize_t n = getrandom(out, size, 0);
    if (n <= 0) continue;
    out += n;
    size -= n;
  }
}

}  // namespace

size_t invalidUtf8At(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    unsigned char c = s[i];
    size_t n = c < 0x80                ? 1
               : c >= 0xC2 && c < 0xE0 ? 2
               : (c >> 4) == 14        ? 3
               : c >= 0xF0 && c < 0xF5 ? 4
                                       : 0;
    if (n == 0 || i + n > s.size()) return i + 1;
    for (size_t k = 1; k < n; ++k) {
      if ((static_cast<unsigned char>(s[i + k]) & 0xC0) != 0x80) return i + 1;
    }
    i += n;
  }
  return 0;
}

std::string checkRule(std::string_view rule, const std::string& value) {
  if (rule == "uuid") return isUuid(value) ? "" : "expected a valid UUID";
  if (rule == "utf8_name") return checkUtf8Name(value);
  if (rule == "tag") return checkTag(value);
  if (rule == "host") return checkHost(value);
  if (rule == "path") return checkPath(value);
  if (rule == "route_host") return checkRouteHost(value);
  if (rule == "route_path") return checkRoutePath(value);
  if (rule == "header_name") return checkHeaderName(value);
  if (rule == "wildcard_host" || rule == "sni") return checkWildcardHost(value);
  if (rule == "ip_or_cidr") return checkCidr(value);
  if (rule == "method") {
    bool fine =
        std::all_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return fine ? "" : "invalid value: " + value;
  }
  return "";
}

std::string checkRouterRegex(const std::string& path) {
  if (!path.starts_with("~/")) return "";
  auto regex = compileForRouter(path);
  if (regex->ok() || !isBeyondRe2(*regex)) return "";
  return fmt::format(
      "Router Expression failed validation: {} in '{}'; look-around and back-references are not "
      "supported",
      reasonOf(*regex), path.substr(1));
}

std::string normalizePath(std::string_view path) {
  std::string decoded;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && i + 2 < path.size() && isHex(path[i + 1]) && isHex(path[i + 2])) {
      unsigned char c = hexValue(path[i + 1]) * 16 + hexValue(path[i + 2]);
      if (c == '%' || c == 0 ||
          std::string_view("!*'();:@&=+$,/?#[]").find(c) != std::string_view::npos) {
        decoded += fmt::format("%{:02X}", c);
      } else {
        decoded += static_cast<char>(c);
      }
      i += 2;
    } else {
      decoded += path[i];
    }
  }
  std::vector<std::string> segments;
  bool directory = false;
  for (size_t start = 1; start <= decoded.size();) {
    size_t end = std::min(decoded.find('/', start), decoded.size());
    std::string segment = decoded.substr(start, end - start);
    directory = segment.empty() || segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!directory) segments.push_back(std::move(segment));
    start = end + 1;
  }
  std::string out;
  for (const auto& segment : segments) out += "/" + segment;
  if (directory || out.empty()) out += "/";
  return out;
}

bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !isHex(text[i])) return false;
  }
  return true;
}

std::string makeUuid() {
  unsigned char b[16];
  fillRandom(b, sizeof b);
  b[6] = (b[6] & 0x0F) | 0x40;
  b[8] = (b[8] & 0x3F) | 0x80;
  std::string out;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", b[i]);
  }
  return out;
}

std::string randomAlphanumeric(size_t length) {
  static constexpr std::string_view kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  while (out.size() < length) {
    unsigned char c;
    fillRandom(&c, 1);
    if (c < 248) out += kLetters[c % 62];
  }
  return out;
}

}  // namespace tollgate::schema
