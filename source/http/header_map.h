#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/arena.h"

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
  kXKongRequestId,
  kXRealIp,
  kHttp2Settings,
  kCount,
};
static_assert(static_cast<int>(HeaderCode::kCount) <= 64, "the presence bitmap has 64 bits");

/// The code of a name in any case.
HeaderCode codeOf(std::string_view name);
/// The name of a code in its usual spelling ("Content-Length").
std::string_view nameOf(HeaderCode code);
bool equalsIgnoreCase(std::string_view a, std::string_view b);

/// A header field. Views point into a pinned slab or into the arena of the exchange.
struct Header {
  const char* nameData;
  const char* valueData;
  uint32_t valueSize;
  uint16_t nameSize;
  HeaderCode code;
  bool removed;
  std::string_view name() const { return {nameData, nameSize}; }
  std::string_view value() const { return {valueData, valueSize}; }
};

/// Header fields in order, repeated names kept. Names are compared in any case. Lives in the arena
/// of one exchange; does not copy what it is given: copy into the arena what does not live as long.
class HeaderMap {
 public:
  explicit HeaderMap(Arena& arena) : arena_(&arena) {}

  Arena& arena() { return *arena_; }
  void clear() {
    count_ = live_ = 0;
    present_ = 0;
    entries_ = nullptr;
    capacity_ = 0;
  }

  void add(std::string_view name, std::string_view value) { add(codeOf(name), name, value); }
  void add(HeaderCode code, std::string_view value) { add(code, nameOf(code), value); }
  void add(HeaderCode code, std::string_view name, std::string_view value);

  bool has(HeaderCode code) const { return (present_ >> static_cast<int>(code)) & 1; }
  /// The first field of that name, or nullptr. Codes other than kOther only.
  const Header* find(HeaderCode code) const;
  const Header* find(std::string_view name) const;
  /// The first value, or "" if there is none.
  std::string_view get(HeaderCode code) const {
    const Header* header = find(code);
    return header ? header->value() : std::string_view();
  }
  std::string_view get(std::string_view name) const {
    const Header* header = find(name);
    return header ? header->value() : std::string_view();
  }

  /// Replaces all fields of the name by one (in the place of the first), or adds it.
  void set(HeaderCode code, std::string_view value);
  void set(std::string_view name, std::string_view value);
  void remove(HeaderCode code);
  void remove(std::string_view name);
  void removeEntry(Header& header);

  /// Number of live fields.
  size_t size() const { return live_; }

  /// Calls `each(Header&)` for every live field in order.
  template <typename F>
  void forEach(F&& each) {
    for (size_t i = 0; i < count_; ++i) {
      if (!entries_[i].removed) each(entries_[i]);
    }
  }
  template <typename F>
  void forEach(F&& each) const {
    for (size_t i = 0; i < count_; ++i) {
      if (!entries_[i].removed) each(static_cast<const Header&>(entries_[i]));
    }
  }

 private:
  void grow();
  Arena* arena_;
  Header* entries_ = nullptr;
  uint32_t count_ = 0;
  uint32_t live_ = 0;
  uint32_t capacity_ = 0;
  uint64_t present_ = 0;
};

}  // namespace tollgate::http
