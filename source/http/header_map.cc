#include "source/http/header_map.h"

#include <cstring>

namespace tollgate::http {
namespace {

constexpr std::string_view kNames[] = {
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
};
constexpr size_t kCodes = static_cast<size_t>(HeaderCode::kCount);
static_assert(sizeof kNames / sizeof kNames[0] == kCodes);

/// The same for a name in any case.
constexpr uint32_t hashOf(const char* name, size_t size) {
  auto byte = [&](size_t at) { return static_cast<uint32_t>(name[at] | 0x20); };
  return (static_cast<uint32_t>(size) * 7 + byte(0) * 5 + byte(size - 1) * 3 +
          byte(size / 2) * 11) &
         255;
}

/// Open addressing over 256 places: at most a few probes for a known name, usually none for others.
struct CodeTable {
  uint8_t places[256] = {};
  constexpr CodeTable() {
    for (size_t code = 1; code < kCodes; ++code) {
      uint32_t at = hashOf(kNames[code].data(), kNames[code].size());
      while (places[at] != 0) at = (at + 1) & 255;
      places[at] = static_cast<uint8_t>(code);
    }
  }
};
constexpr CodeTable kTable;

}  // namespace

HeaderCode codeOf(std::string_view name) {
  if (name.empty()) return HeaderCode::kOther;
  for (uint32_t at = hashOf(name.data(), name.size()); kTable.places[at] != 0;
       at = (at + 1) & 255) {
    std::string_view known = kNames[kTable.places[at]];
    if (known.size() == name.size() && equalsIgnoreCase(known, name)) {
      return static_cast<HeaderCode>(kTable.places[at]);
    }
  }
  return HeaderCode::kOther;
}

std::string_view nameOf(HeaderCode code) { return kNames[static_cast<size_t>(code)]; }

void HeaderMap::grow() {
  uint32_t capacity = capacity_ == 0 ? 24 : capacity_ * 2;
  auto* entries = static_cast<Header*>(arena_->allocate(capacity * sizeof(Header)));
  if (count_ > 0) std::memcpy(static_cast<void*>(entries), entries_, count_ * sizeof(Header));
  entries_ = entries;
  capacity_ = capacity;
}

const Header* HeaderMap::find(std::string_view name) const {
  HeaderCode code = codeOf(name);
  if (code != HeaderCode::kOther) return find(code);
  for (size_t i = 0; i < count_; ++i) {
    const Header& header = entries_[i];
    if (header.code == code && !header.removed && equalsIgnoreCase(header.name(), name)) {
      return &header;
    }
  }
  return nullptr;
}

void HeaderMap::removeEntry(Header& header) {
  if (header.removed) return;
  header.removed = true;
  --live_;
}

void HeaderMap::removeAll(HeaderCode code) {
  for (size_t i = 0; i < count_; ++i) {
    if (entries_[i].code == code) removeEntry(entries_[i]);
  }
  present_ &= ~(uint64_t{1} << static_cast<int>(code));
}

void HeaderMap::remove(std::string_view name) {
  HeaderCode code = codeOf(name);
  if (code != HeaderCode::kOther) return remove(code);
  for (size_t i = 0; i < count_; ++i) {
    Header& header = entries_[i];
    if (header.code == code && equalsIgnoreCase(header.name(), name)) removeEntry(header);
  }
}

void HeaderMap::replace(HeaderCode code, std::string_view value) {
  auto* first = const_cast<Header*>(find(code));
  if (first == nullptr) return add(code, value);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == code) removeEntry(*other);
  }
  first->valueData = value.data();
  first->valueSize = static_cast<uint32_t>(value.size());
  first->checked = false;
}

void HeaderMap::set(std::string_view name, std::string_view value) {
  HeaderCode code = codeOf(name);
  if (code != HeaderCode::kOther) return set(code, value);
  auto* first = const_cast<Header*>(find(name));
  if (first == nullptr) return add(code, name, value);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == code && equalsIgnoreCase(other->name(), name)) removeEntry(*other);
  }
  first->valueData = value.data();
  first->valueSize = static_cast<uint32_t>(value.size());
  first->checked = false;
}

}  // namespace tollgate::http
