// Forms, queries and multipart bodies: what comes out can be written as JSON and is no deeper than
// names may make it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/schema/form.h"

using tollgate::Json;

namespace {

void check(const Json& value, int depth, int most) {
  if (value.is_discarded() || depth > most) std::abort();
  if (!value.is_structured()) return;
  for (const Json& item : value) check(item, depth + 1, most);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::schema;
  constexpr int kDeep = 40;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FormLimit over = FormLimit::kNone;
  const Json form = parseForm(text, &over);
  check(form, 0, kDeep);
  if (form.size() > kMaxFormFields) std::abort();
  check(parseQuery(text), 0, kDeep);
  auto parts = parseMultipart(text, "multipart/form-data; boundary=b", &over);
  if (parts.ok()) check(*parts, 0, kDeep + 1000);  // a part may be JSON
  const size_t line = text.find('\n');
  if (line != std::string_view::npos) {
    (void)parseMultipart(text.substr(line + 1), text.substr(0, line));
  }
  return 0;
}
