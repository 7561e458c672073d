#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tollgate::http {

/// One-byte codes of the header names that the gateway itself looks at. kOther: any other name.
enum class HeaderCode : uint8_t {
  kOther = 0,
  kAccept,
  kApikey,
  kAuthorization,
  kConnection,
  kContentLength,
  kContentType,
  kCookie,
  kDate,
  kExpect,
  kHost,
  kKeepAlive,
  kKongDebug,
  kLocation,
  kProxy,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kReferer,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVia,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPath,
  kXForwardedPort,
  kXForwardedPrefix,
  kXForwardedProto,
  kXKongProxyLatency,
  kXKongRequestId,
  kXKongResponseLatency,
  kXKongUpstreamLatency,
  kXKongUpstreamStatus,
  kXRealIp,
  kHttp2Settings,
  kXConsumerId,
  kXConsumerCustomId,
  kXConsumerUsername,
  kXCredentialIdentifier,
  kXAnonymousConsumer,
  kRateLimitLimit,
  kRateLimitRemaining,
  kRateLimitReset,
  kCount,
};
static_assert(static_cast<int>(HeaderCode::kCount) <= 64, "the presence bitmap has 64 bits");

/// The names in their usual spelling, by code.
inline constexpr std::string_view kHeaderNames[] = {
    "",
    "Accept",
    "apikey",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Host",
    "Keep-Alive",
    "Kong-Debug",
    "Location",
    "Proxy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Referer",
    "Server",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Path",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Kong-Proxy-Latency",
    "X-Kong-Request-Id",
    "X-Kong-Response-Latency",
    "X-Kong-Upstream-Latency",
    "X-Kong-Upstream-Status",
    "X-Real-IP",
    "HTTP2-Settings",
    "X-Consumer-ID",
    "X-Consumer-Custom-ID",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Anonymous-Consumer",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
};
static_assert(sizeof kHeaderNames / sizeof kHeaderNames[0] ==
              static_cast<size_t>(HeaderCode::kCount));

/// The code of a name in any case.
HeaderCode codeOf(std::string_view name);
/// The name of a code in its usual spelling ("Content-Length").
constexpr std::string_view nameOf(HeaderCode code) {
  return kHeaderNames[static_cast<size_t>(code)];
}
/// A set of codes, as hasAny() and writers take it.
constexpr uint64_t bitOf(HeaderCode code) { return uint64_t{1} << static_cast<int>(code); }

constexpr char lowerByte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Eight bytes with ASCII letters in lower case.
constexpr uint64_t lowerWord(uint64_t word) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t low = word & (kEach * 0x7f);
  uint64_t fromA = low + kEach * (0x80 - 'A');  // high bit: >= 'A'
  uint64_t aboveZ = low + kEach * (0x7f - 'Z');
  uint64_t upper = (fromA ^ aboveZ) & ~word & (kEach * 0x80);
  return word | (upper >> 2);
}

/// The eight bytes at `p`.
inline uint64_t loadWord(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// All of 4 to 8 bytes as one word, those in the middle twice.
inline uint64_t loadShortWord(const char* p, size_t size) {
  uint32_t front, back;
  std::memcpy(&front, p, sizeof front);
  std::memcpy(&back, p + size - 4, sizeof back);
  return front | uint64_t{back} << 32;
}

/// Compares ASCII letters in any case, other bytes exactly.
inline bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const char *p = a.data(), *q = b.data();
  size_t size = a.size();
  if (size < 4) {
    for (size_t i = 0; i < size; ++i) {
      if (lowerByte(p[i]) != lowerByte(q[i])) return false;
    }
    return true;
  }
  if (size < 8) return lowerWord(loadShortWord(p, size)) == lowerWord(loadShortWord(q, size));
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (lowerWord(loadWord(p + i)) != lowerWord(loadWord(q + i))) return false;
  }
  return lowerWord(loadWord(p + size - 8)) == lowerWord(loadWord(q + size - 8));
}

}  // namespace tollgate::http
