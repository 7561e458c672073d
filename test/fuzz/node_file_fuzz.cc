// Node files, YAML and JSON: refused with the place, or a node that prints as a file of the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/config/node.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::config;
  if (size > 4096) return 0;
  auto node = readNode(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  if (!node) {
    if (node.error().place.find("fuzz.yaml") != 0) std::abort();
    return 0;
  }
  const std::string printed = printNode(*node);
  auto again = readNode(printed, "again.yaml");
  if (!again || printNode(*again) != printed) std::abort();
  return 0;
}
