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
    "X-Kong-Request-Id",
    "X-Real-IP",
    "HTTP2-Settings",
};
constexpr size_t kCodes = static_cast<size_t>(HeaderCode::kCount);
static_assert(sizeof kNames / sizeof kNames[0] == kCodes);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr uint32_t hashOf(const char* name, size_t size) {
  return (static_cast<uint32_t>(size) * 7 + static_cast<uint8_t>(lower(name[0])) * 5 +
          static_cast<uint8_t>(lower(name[size - 1])) * 3 +
          static_cast<uint8_t>(lower(name[size / 2])) * 11) &
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

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

HeaderCode codeOf(std::string_view name) {
  if (name.empty()) return HeaderCode::kOther;
  for (uint32_t at = hashOf(name.data(), name.size()); kTable.places[at] != 0;
       at = (at + 1) & 255) {
    if (equalsIgnoreCase(kNames[kTable.places[at]], name)) {
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

void HeaderMap::add(HeaderCode code, std::string_view name, std::string_view value) {
  if (count_ == capacity_) grow();
  entries_[count_++] = Header{name.data(),
                              value.data(),
                              static_cast<uint32_t>(value.size()),
                              static_cast<uint16_t>(name.size()),
                              code,
                              false};
  ++live_;
  present_ |= uint64_t{1} << static_cast<int>(code);
}

const Header* HeaderMap::find(HeaderCode code) const {
  if (!has(code)) return nullptr;
  for (size_t i = 0; i < count_; ++i) {
    if (entries_[i].code == code && !entries_[i].removed) return &entries_[i];
  }
  return nullptr;
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

void HeaderMap::remove(HeaderCode code) {
  if (!has(code)) return;
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

void HeaderMap::set(HeaderCode code, std::string_view value) {
  auto* first = const_cast<Header*>(find(code));
  if (first == nullptr) return add(code, value);
  for (Header* other = first + 1; other < entries_ + count_; ++other) {
    if (other->code == code) removeEntry(*other);
  }
  first->valueData = value.data();
  first->valueSize = static_cast<uint32_t>(value.size());
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
}

}  // namespace tollgate::http
