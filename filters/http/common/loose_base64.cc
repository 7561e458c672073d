#include "filters/http/common/loose_base64.h"

#include "source/crypto/base64.h"

namespace tollgate::filters {

std::optional<std::string> decodeLooseBase64Url(std::string_view text) {
  text = text.substr(0, text.find('='));
  if (text.empty()) return std::string();
  auto bytes = crypto::decodeAnyBase64(text);
  if (!bytes) return std::nullopt;
  return std::move(bytes).value();
}

std::optional<std::string> decodeLooseBase64(std::string_view text) {
  text = text.substr(0, text.find('='));
  if (text.find_first_of("-_") != text.npos) return std::nullopt;
  return decodeLooseBase64Url(text);
}

}  // namespace tollgate::filters
