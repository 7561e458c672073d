// Values of Authorization and Date, as plugins read them: what is found are parts of the value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/http/basic_auth/user_password.h"
#include "filters/http/common/http_date.h"
#include "filters/http/common/scheme.h"
#include "filters/http/hmac_auth/signature_field.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::filters;
  if (size > 16 * 1024) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (auto found = basic_auth::readBasic(text)) {
    if (found->user.empty() || found->user.find(':') != std::string::npos) std::abort();
  }
  if (auto rest = afterScheme(text, "Bearer", Blanks::kAtLeastOne)) {
    if (rest->empty() || !text.ends_with(*rest)) std::abort();
  }
  if (auto field = hmac_auth::readSignatureField(text)) {
    for (std::string_view part : {field->user, field->algorithm, field->names, field->signature}) {
      if (part.empty() || text.find(part) == std::string::npos) std::abort();
    }
  }
  (void)parseHttpDate(text);
  return 0;
}
