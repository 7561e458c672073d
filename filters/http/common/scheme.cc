#include "filters/http/common/scheme.h"

#include "source/base/trim.h"

namespace tollgate::filters {

std::optional<std::string_view> afterScheme(std::string_view value, std::string_view scheme,
                                            Blanks blanks) {
  const std::string_view tail = scheme.substr(1);
  for (size_t at = value.find(tail, 1); at != value.npos; at = value.find(tail, at + 1)) {
    if ((value[at - 1] | 0x20) != (scheme[0] | 0x20)) continue;
    const std::string_view rest = value.substr(at + tail.size());
    const size_t begin = rest.find_first_not_of(kWhiteSpace);
    if (begin == rest.npos || (begin == 0 && blanks == Blanks::kAtLeastOne)) continue;
    return rest.substr(begin);
  }
  return std::nullopt;
}

}  // namespace tollgate::filters
