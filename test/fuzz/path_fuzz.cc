// Paths of requests in their normal form: stable, and never longer than what came. What one look
// finds to be simple needs nothing of that.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/route/path.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::route;
  std::string raw = "/" + std::string(reinterpret_cast<const char*>(data), size);
  std::string normal = normalForm(raw);
  if (normal.empty() || normal[0] != '/' || normal.size() > raw.size()) std::abort();
  if (normalForm(normal) != normal && raw.find('%') == std::string::npos) std::abort();
  std::string upstream = upstreamPath("/base", "/", normal, true);
  for (char c : upstream) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) std::abort();
  }
  const TargetScan scan = scanTarget(raw);
  const std::string path = raw.substr(0, raw.find('?'));
  if (scan.pathBytes != path.size()) std::abort();
  if (scan.simple && (!wellFormedPath(path) || normalForm(path) != path || !isPlain(path))) {
    std::abort();
  }
  return 0;
}
