#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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
  kXKongProxyLatency,
  kXKongRequestId,
  kXKongResponseLatency,
  kXKongUpstreamLatency,
  kXKongUpstreamStatus,
  kXRealIp,
  kHttp2Settings,
  kCount,
};
static_assert(static_cast<int>(HeaderCode::kCount) <= 64, "the presence bitmap has 64 bits");

constexpr char lowerByte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The eight bytes at `p` with ASCII letters in lower case.
inline uint64_t lowerWord(const char* p) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  uint64_t low = word & (kEach * 0x7f);
  uint64_t fromA = low + kEach * (0x80 - 'A');  // high bit: >= 'A'
  uint64_t aboveZ = low + kEach * (0x7f - 'Z');
  uint64_t upper = (fromA ^ aboveZ) & ~word & (kEach * 0x80);
  return word | (upper >> 2);
}

/// The code of a name in any case.
HeaderCode codeOf(std::string_view name);
/// The name of a code in its usual spelling ("Content-Length").
std::string_view nameOf(HeaderCode code);

/// Compares ASCII letters in any case, other bytes exactly.
inline bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  size_t size = a.size();
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (lowerByte(a[i]) != lowerByte(b[i])) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (lowerWord(a.data() + i) != lowerWord(b.data() + i)) return false;
  }
  return lowerWord(a.data() + size - 8) == lowerWord(b.data() + size - 8);
}

/// A header field. Views point into a pinned slab or into the arena of the exchange.
struct Header {
  const char* nameData;
  const char* valueData;
  uint32_t valueSize;
  uint16_t nameSize;
  HeaderCode code;
  bool removed : 1;
  bool checked : 1;  ///< Name and value were found well-formed by the codec that read them.
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
  void add(HeaderCode code, std::string_view name, std::string_view value) {
    append(code, name, value, false);
  }
  /// For codecs: what is known to be well-formed is not looked at again when it is written.
  void addChecked(HeaderCode code, std::string_view name, std::string_view value) {
    append(code, name, value, true);
  }

  /// True if a field with one of these codes (bits) was added; it may have been removed since.
  bool hasAny(uint64_t codes) const { return (present_ & codes) != 0; }
  bool has(HeaderCode code) const { return (present_ >> static_cast<int>(code)) & 1; }
  /// The first field of that name, or nullptr. Codes other than kOther only.
  const Header* find(HeaderCode code) const {
    if (!has(code)) return nullptr;
    for (const Header *h = entries_, *end = entries_ + count_; h != end; ++h) {
      if (h->code == code && !h->removed) return h;
    }
    return nullptr;
  }
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
  void set(HeaderCode code, std::string_view value) {
    has(code) ? replace(code, value) : add(code, value);
  }
  void set(std::string_view name, std::string_view value);
  void remove(HeaderCode code) {
    if (has(code)) removeAll(code);
  }
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
  void replace(HeaderCode code, std::string_view value);
  void removeAll(HeaderCode code);
  void append(HeaderCode code, std::string_view name, std::string_view value, bool checked) {
    if (count_ == capacity_) grow();
    entries_[count_++] = Header{name.data(),
                                value.data(),
                                static_cast<uint32_t>(value.size()),
                                static_cast<uint16_t>(name.size()),
                                code,
                                false,
                                checked};
    ++live_;
    present_ |= uint64_t{1} << static_cast<int>(code);
  }
  Arena* arena_;
  Header* entries_ = nullptr;
  uint32_t count_ = 0;
  uint32_t live_ = 0;
  uint32_t capacity_ = 0;
  uint64_t present_ = 0;
};

}  // namespace tollgate::http
