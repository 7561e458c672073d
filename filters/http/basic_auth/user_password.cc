#include "filters/http/basic_auth/user_password.h"

#include <algorithm>

#include "filters/http/common/loose_base64.h"
#include "filters/http/common/scheme.h"

namespace tollgate::filters::basic_auth {

std::optional<UserPassword> readBasic(std::string_view value) {
  const auto credentials = afterScheme(value, "Basic", Blanks::kAny);
  if (!credentials) return std::nullopt;
  const auto decoded = decodeLooseBase64(*credentials);
  if (!decoded) return std::nullopt;
  // The first user name that a colon follows; what stands before it, colons only, names nobody.
  const size_t begin = decoded->find_first_not_of(':');
  if (begin == std::string::npos) return std::nullopt;
  const size_t colon = decoded->find(':', begin);
  if (colon == std::string::npos) return std::nullopt;
  const size_t end = std::min(decoded->find('\n', colon), decoded->size());
  return UserPassword{decoded->substr(begin, colon - begin),
                      decoded->substr(colon + 1, end - colon - 1)};
}

}  // namespace tollgate::filters::basic_auth
