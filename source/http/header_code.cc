#include "source/http/header_code.h"

namespace tollgate::http {
namespace {

constexpr size_t kCodes = static_cast<size_t>(HeaderCode::kCount);

/// The same for a name in any case, of two bytes or more. Multipliers by which no two known names
/// meet.
constexpr uint8_t hashOf(const char* name, size_t size) {
  auto byte = [&](size_t at) { return static_cast<uint32_t>(name[at] | 0x20); };
  return static_cast<uint8_t>(size * 15 + byte(size / 2) * 16 + byte(size - 2) * 21 +
                              byte(size - 1) * 32);
}

/// Where each code stands under its name's hash.
struct CodeTable {
  HeaderCode places[256] = {};
  bool perfect = true;
  constexpr CodeTable() {
    for (size_t code = 1; code < kCodes; ++code) {
      HeaderCode& place = places[hashOf(kHeaderNames[code].data(), kHeaderNames[code].size())];
      if (place != HeaderCode::kOther) perfect = false;
      place = static_cast<HeaderCode>(code);
    }
  }
};
constexpr CodeTable kTable;
static_assert(kTable.perfect, "two names have one hash: choose other multipliers");

}  // namespace

HeaderCode codeOf(std::string_view name) {
  if (name.size() < 2) return HeaderCode::kOther;
  HeaderCode code = kTable.places[hashOf(name.data(), name.size())];
  // Without a code: its name is empty, so that it is not equal.
  return equalsIgnoreCase(nameOf(code), name) ? code : HeaderCode::kOther;
}

}  // namespace tollgate::http
