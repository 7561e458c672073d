// Answers of a Redis: a decision holds when more bytes come, and takes no more than there are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "filters/http/rate_limiting/resp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::filters::rate_limiting;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ParsedReply whole = parseReply(bytes);
  if (whole.state == ParsedReply::State::kDone && (whole.bytes == 0 || whole.bytes > size)) {
    std::abort();
  }
  for (size_t length = 0; length < size; ++length) {
    ParsedReply part = parseReply(bytes.substr(0, length));
    if (part.state == ParsedReply::State::kNeedMore) continue;
    if (part.state != whole.state || part.bytes != whole.bytes) std::abort();
  }
  return 0;
}
