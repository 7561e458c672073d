// The *_listen settings: refused with the form that is wanted, or entries that can be listened on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/server/listen.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto entries = tollgate::server::parseListen("proxy_listen", text);
  if (!entries) {
    if (!entries.error().message.starts_with("proxy_listen must be of form: ")) std::abort();
    return 0;
  }
  for (const auto& entry : *entries) {
    if (entry.host.empty() || entry.backlog < 0) std::abort();
    if (entry.host.find_first_of("[], \t") != std::string::npos) std::abort();
  }
  return 0;
}
