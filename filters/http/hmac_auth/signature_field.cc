#include "filters/http/hmac_auth/signature_field.h"

#include "filters/http/common/scheme.h"
#include "source/base/trim.h"

namespace tollgate::filters::hmac_auth {
namespace {

/// Takes `", NAME="value` off the end of `text`, where the value is not empty; `name` has its
/// "=\"". The last such place counts.
std::optional<std::string_view> takeLast(std::string_view& text, std::string_view name) {
  for (size_t at = text.rfind(name); at != text.npos && at > 0; at = text.rfind(name, at - 1)) {
    const std::string_view value = text.substr(at + name.size());
    std::string_view before = text.substr(0, at);
    const size_t end = before.find_last_not_of(kWhiteSpace);
    before = end == before.npos ? std::string_view() : before.substr(0, end + 1);
    if (value.empty() || !before.ends_with("\",")) continue;
    text = before.substr(0, before.size() - 2);
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SignatureField> readSignatureField(std::string_view value) {
  constexpr std::string_view kUser = "username=\"";
  auto rest = afterScheme(value, "Hmac", Blanks::kAny);
  if (!rest || !rest->starts_with(kUser)) return std::nullopt;
  std::string_view text = rest->substr(kUser.size());
  const size_t quote = text.rfind('"');
  if (quote == text.npos) return std::nullopt;
  text = text.substr(0, quote);
  const auto signature = takeLast(text, "signature=\"");
  const auto names = signature ? takeLast(text, "headers=\"") : std::nullopt;
  const auto algorithm = names ? takeLast(text, "algorithm=\"") : std::nullopt;
  if (!algorithm || text.empty()) return std::nullopt;
  return SignatureField{text, *algorithm, *names, *signature};
}

}  // namespace tollgate::filters::hmac_auth
