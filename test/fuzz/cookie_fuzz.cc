// What consistent hashing takes of a request: values of a cookie, which come as a part of the
// field, and of query arguments.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/proxy/hash_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::string_view second = first.size() < size ? text.substr(first.size() + 1) : "";
  Arena arena;
  http::HeaderMap headers(arena);
  headers.add("Cookie", first);
  headers.add("cookie", second);
  auto within = [](std::string_view field, std::string_view value) {
    return field.find(value) != std::string_view::npos;
  };
  const auto cookie = proxy::cookieHashInput(headers, "sid");
  if (cookie && !within(first, *cookie) && !within(second, *cookie)) std::abort();
  if (cookie && cookie->find(';') != std::string_view::npos) std::abort();
  if (!within(text, "sid") && cookie) std::abort();
  const auto argument = proxy::queryHashInput(arena, text, "sid");
  const auto most = static_cast<size_t>(std::count(text.begin(), text.end(), '&') + 1);
  if (argument && argument->size() > size + 5 * most) std::abort();
  return 0;
}
