#include "source/http/header_code.h"

namespace tollgate::http {
namespace {

constexpr size_t kCodes = static_cast<size_t>(HeaderCode::kCount);

/// The same for a name in any case. Multipliers by which no two known names meet.
constexpr uint32_t hashOf(const char* name, size_t size) {
  auto byte = [&](size_t at) { return static_cast<uint32_t>(name[at] | 0x20); };
  return (static_cast<uint32_t>(size) * 15 + byte(size / 2) * 16 + byte(size - 2) * 21 +
          byte(size - 1) * 32) &
         255;
}

/// Open addressing over 256 places: usually one look, for known names and for others.
struct CodeTable {
  uint8_t places[256] = {};
  constexpr CodeTable() {
    for (size_t code = 1; code < kCodes; ++code) {
      uint32_t at = hashOf(kHeaderNames[code].data(), kHeaderNames[code].size());
      while (places[at] != 0) at = (at + 1) & 255;
      places[at] = static_cast<uint8_t>(code);
    }
  }
};
constexpr CodeTable kTable;

}  // namespace

HeaderCode codeOf(std::string_view name) {
  if (name.size() < 2) return HeaderCode::kOther;
  for (uint32_t at = hashOf(name.data(), name.size()); kTable.places[at] != 0;
       at = (at + 1) & 255) {
    if (equalsIgnoreCase(kHeaderNames[kTable.places[at]], name)) {
      return static_cast<HeaderCode>(kTable.places[at]);
    }
  }
  return HeaderCode::kOther;
}

}  // namespace tollgate::http
