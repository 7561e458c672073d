#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/ascii.h"

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

/// The name of a code in its usual spelling ("Content-Length").
constexpr std::string_view nameOf(HeaderCode code) {
  return kHeaderNames[static_cast<size_t>(code)];
}
/// A set of codes, as hasAny() and writers take it.
constexpr uint64_t bitOf(HeaderCode code) { return uint64_t{1} << static_cast<int>(code); }

using tollgate::equalsIgnoreCase;

/// Where each code stands under a hash of its name, in any case; names have two bytes or more.
struct HeaderCodeTable {
  HeaderCode places[256] = {};
  bool perfect = true;
  constexpr HeaderCodeTable() {
    for (size_t code = 1; code < static_cast<size_t>(HeaderCode::kCount); ++code) {
      HeaderCode& place = places[hashOf(kHeaderNames[code].data(), kHeaderNames[code].size())];
      if (place != HeaderCode::kOther) perfect = false;
      place = static_cast<HeaderCode>(code);
    }
  }
  /// Multipliers by which no two known names meet.
  static constexpr uint8_t hashOf(const char* name, size_t size) {
    auto byte = [&](size_t at) { return static_cast<uint32_t>(name[at] | 0x20); };
    return static_cast<uint8_t>(size * 15 + byte(size / 2) * 16 + byte(size - 2) * 21 +
                                byte(size - 1) * 32);
  }
};
inline constexpr HeaderCodeTable kHeaderCodeTable;
static_assert(kHeaderCodeTable.perfect, "two names have one hash: choose other multipliers");

/// The code of a name in any case.
inline HeaderCode codeOf(std::string_view name) {
  if (name.size() < 2) return HeaderCode::kOther;
  HeaderCode code = kHeaderCodeTable.places[HeaderCodeTable::hashOf(name.data(), name.size())];
  // Without a code: its name is empty, so that it is not equal.
  return equalsIgnoreCase(nameOf(code), name) ? code : HeaderCode::kOther;
}

}  // namespace tollgate::http
