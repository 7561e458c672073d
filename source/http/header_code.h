#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

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

/// Finds the code of a name, in any case: its hash leads to the only name that it can be.
class HeaderCodeTable {
 public:
  constexpr HeaderCodeTable() {
    for (size_t code = 1; code < kNames; ++code) {
      std::string_view name = kHeaderNames[code];
      sizes_[code] = static_cast<uint8_t>(name.size());
      if (name.size() < kHashed) continue;
      names_[code] = Name(name);
      uint8_t& place = codes_[hashOf(name.data(), name.size())];
      if (place != 0 || name.size() > kMost) perfect_ = false;
      place = static_cast<uint8_t>(code);
    }
  }
  constexpr bool perfect() const { return perfect_; }

  [[gnu::always_inline]] HeaderCode find(std::string_view name) const {
    const size_t size = name.size();
    const char* p = name.data();
    if (size < kHashed) return findShort(name);
    const size_t code = codes_[hashOf(p, size)];
    if (sizes_[code] != size) return HeaderCode::kOther;
    const Name& known = names_[code];
    uint64_t other;
    if (size >= 8) {
      other = known.first.differs(loadWord(p)) | known.last.differs(loadWord(p + size - 8));
      if (size > 16) other |= known.middle.differs(loadWord(p + 8));
    } else {
      other = known.first.differs(loadShortWord(p, size));
    }
    return other == 0 ? static_cast<HeaderCode>(code) : HeaderCode::kOther;
  }

 private:
  static constexpr size_t kNames = static_cast<size_t>(HeaderCode::kCount);
  static constexpr size_t kHashed = 4;  ///< Bytes of a name that has a hash, at least.
  static constexpr size_t kMost = 24;   ///< Bytes of a name, which three words cover.

  /// Eight bytes of a name in lower case, and 0x20 where they are letters.
  struct Word {
    uint64_t text = 0, letters = 0;
    constexpr Word() = default;
    constexpr Word(const char* bytes, size_t count) {
      for (size_t i = 0; i < count; ++i) add(bytes[i], i);
    }
    constexpr void add(char byte, size_t at) {
      const char lower = lowerByte(byte);
      text |= uint64_t{static_cast<unsigned char>(lower)} << (8 * at);
      if (lower >= 'a' && lower <= 'z') letters |= uint64_t{0x20} << (8 * at);
    }
    uint64_t differs(uint64_t word) const { return (word | letters) ^ text; }
  };
  /// What find() compares: the first and last eight bytes, and those from the eighth on; of a short
  /// name what loadShortWord() makes of it.
  struct Name {
    Word first, middle, last;
    constexpr Name() = default;
    constexpr explicit Name(std::string_view name) {
      if (name.size() >= 8) {
        first = Word(name.data(), 8);
        last = Word(name.data() + name.size() - 8, 8);
        if (name.size() > 16) middle = Word(name.data() + 8, 8);
      } else {
        first = Word(name.data(), 4);
        for (size_t i = 0; i < 4; ++i) first.add(name[name.size() - 4 + i], 4 + i);
      }
    }
  };

  static HeaderCode findShort(std::string_view name) {
    if (equalsIgnoreCase(name, nameOf(HeaderCode::kTe))) return HeaderCode::kTe;
    if (equalsIgnoreCase(name, nameOf(HeaderCode::kVia))) return HeaderCode::kVia;
    return HeaderCode::kOther;
  }

  /// Four bytes in lower case, if they are letters.
  static constexpr uint32_t quad(const char* p) {
    uint32_t bytes = 0;
    if (std::is_constant_evaluated()) {
      for (int i = 0; i < 4; ++i) bytes |= uint32_t{static_cast<unsigned char>(p[i])} << (8 * i);
    } else {
      std::memcpy(&bytes, p, sizeof bytes);
    }
    return bytes | 0x20202020;
  }
  /// Of the last four bytes and those in the middle, by a multiplier with which no two known names
  /// meet.
  static constexpr uint8_t hashOf(const char* name, size_t size) {
    uint32_t mixed = quad(name + size - 4) + quad(name + size / 2 - 2);
    return static_cast<uint8_t>((mixed + static_cast<uint32_t>(size)) * 0x45663901U >> 24);
  }

  uint8_t codes_[256] = {};
  uint8_t sizes_[kNames] = {};
  Name names_[kNames];
  bool perfect_ = true;
};
inline constexpr HeaderCodeTable kHeaderCodes;
static_assert(kHeaderCodes.perfect(), "two names have one hash: choose other multipliers");
static_assert(std::endian::native == std::endian::little, "words are compared as they are loaded");

/// The code of a name in any case.
[[gnu::always_inline]] inline HeaderCode codeOf(std::string_view name) {
  return kHeaderCodes.find(name);
}

}  // namespace tollgate::http
