#pragma once

#include <string>
#include <string_view>

#include "filters/http/rate_limiting/limit.h"
#include "source/base/arena.h"
#include "source/http/header_map.h"

namespace tollgate::filters::rate_limiting {

/// What the response tells of one limit.
struct Shown {
  Period period = Period::kSecond;
  std::string_view limit;  ///< As the headers spell it: limitText(). Outlives the response.
  double remaining = 0;
  int64_t resetMillis = 0;
};

/// A limit as the headers spell it, without decimals where it is whole.
std::string limitText(double limit);

/// X-RateLimit-* for each, RateLimit-* for the one with the least left (of equals, the longer
/// period), and Retry-After if the request was `rejected`.
void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected);

}  // namespace tollgate::filters::rate_limiting
