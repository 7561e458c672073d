// Bodies that may hold an API key: what is found in one can always be taken out of it, and is not
// found again. The first byte chooses the type.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "filters/http/common/arguments.h"
#include "filters/http/key_auth/key_search.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::filters;
  using namespace tollgate::filters::key_auth;
  if (size == 0) return 0;
  constexpr const char* kTypes[] = {"multipart/form-data; boundary=b",
                                    "application/x-www-form-urlencoded", "application/json",
                                    "multipart/form-data; boundary=\"--\""};
  const char* type = kTypes[data[0] % 4];
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  tollgate::Arena arena;
  const BodyFields fields(type, body);
  const Found found = fields.find("apikey", arena);
  const auto rest = fields.without("apikey");
  if (found.kind != Found::Kind::kNothing && !rest) std::abort();
  if (rest && BodyFields(type, *rest).find("apikey", arena).kind != Found::Kind::kNothing) {
    std::abort();
  }
  const auto query = withoutArgument(body, "apikey", arena);
  if (findInArguments(query, "apikey", arena).kind != Found::Kind::kNothing) std::abort();
  const auto masked = findInArguments(withMaskedArgument(body, "apikey", arena), "apikey", arena);
  if (masked.kind == Found::Kind::kText && masked.text != "***") std::abort();
  return 0;
}
