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

/// The code of a name in any case.
HeaderCode codeOf(std::string_view name);
/// The name of a code in its usual spelling ("Content-Length").
constexpr std::string_view nameOf(HeaderCode code) {
  return kHeaderNames[static_cast<size_t>(code)];
}
/// A set of codes, as hasAny() and writers take it.
constexpr uint64_t bitOf(HeaderCode code) { return uint64_t{1} << static_cast<int>(code); }

using tollgate::equalsIgnoreCase;

}  // namespace tollgate::http
