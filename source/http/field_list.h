#pragma once

#include <string_view>

#include "source/base/trim.h"

namespace tollgate::http {

/// Takes the next element off a comma-separated list (RFC 9110 section 5.6.1), without the white
/// space around it. "" for an empty element, and at the end of the list.
inline std::string_view nextElement(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return trimmed(element);
}

}  // namespace tollgate::http
