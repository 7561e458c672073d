#include "source/schema/host_rules.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "source/schema/characters.h"

namespace tollgate::schema {
namespace {

constexpr const char* kDefaultTargetPort = "8000";

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

/// The sixteen bytes of an IPv6 address as eight groups of four digits.
std::string wholeIpv6(const unsigned char* bytes) {
  std::string out;
  for (int i = 0; i < 16; i += 2) {
    out += fmt::format("{}{:02x}{:02x}", i == 0 ? "" : ":", bytes[i], bytes[i + 1]);
  }
  return out;
}

bool isPort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), isDigit)) {
    return false;
  }
  return std::atoi(std::string(text).c_str()) <= 65535;
}

}  // namespace

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

std::string checkUrl(const std::string& v) {
  const size_t slashes = v.find("//");
  const bool relative =
      slashes == std::string::npos || (slashes > 0 && (slashes == 1 || v[slashes - 1] != ':'));
  if (relative) return "missing host in url";
  std::string host = v.substr(slashes + 2);
  host = host.substr(0, host.find_first_of("/?#"));
  host = host.substr(host.rfind('@') + 1);  // npos + 1 is 0
  if (host.empty() || host.front() == ':') return "missing host in url";
  return slashes == 0 ? "missing scheme in url" : "";
}

std::string checkUpstreamName(const std::string& v) {
  const std::string bad = "Invalid name ('" + v + "'); ";
  if (hostType(v) != HostType::kName) return bad + "no ip addresses allowed";
  size_t colon = v.find(':');
  if (colon == std::string::npos) return isHostName(v) ? "" : bad + "must be a valid hostname";
  const bool port = isHostName(v.substr(0, colon)) && isPort(v.substr(colon + 1));
  return bad + (port ? "no port allowed" : "must be a valid hostname");
}

std::optional<std::string> normalizeTarget(const std::string& v) {
  std::string host = v, port = kDefaultTargetPort;
  if (hostType(v) == HostType::kIpv6) {
    if (v.front() == '[') {
      size_t end = v.find(']');
      if (end == std::string::npos) return std::nullopt;
      host = v.substr(1, end - 1);
      if (end + 1 < v.size()) {
        if (v[end + 1] != ':') return std::nullopt;
        port = v.substr(end + 2);
      }
    }
    unsigned char bytes[16];
    if (inet_pton(AF_INET6, host.c_str(), bytes) != 1 || !isPort(port)) return std::nullopt;
    return "[" + wholeIpv6(bytes) + "]:" + port;
  }
  size_t colon = v.find(':');
  if (colon != std::string::npos) {
    host = v.substr(0, colon);
    port = v.substr(colon + 1);
  }
  const bool fine = hostType(host) == HostType::kIpv4 ? isIp(host) : isHostName(host);
  if (!fine || !isPort(port)) return std::nullopt;
  return host + ":" + std::to_string(std::atoi(port.c_str()));
}

}  // namespace tollgate::schema
