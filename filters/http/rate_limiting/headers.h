#pragma once

#include <string>
#include <string_view>

#include "filters/http/rate_limiting/limit.h"
#include "source/base/arena.h"
#include "source/http/header_map.h"

namespace tollgate::filters::rate_limiting {

/// What the headers say of one limit whatever was used of it; written once for a configuration.
struct LimitLines {
  LimitLines() = default;
  LimitLines(Period period, double limit);
  std::string limitName;      ///< "X-RateLimit-Limit-Minute"
  std::string remainingName;  ///< "X-RateLimit-Remaining-Minute"
  http::LineNames ownNames;   ///< Of both.
  std::string own;      ///< "\r\nX-RateLimit-Limit-Minute: 5\r\nX-RateLimit-Remaining-Minute: "
  std::string summary;  ///< "\r\nRateLimit-Limit: 5\r\nRateLimit-Remaining: "
};

/// What the response tells of one limit.
struct Shown {
  const LimitLines* lines = nullptr;  ///< Outlives the response.
  double remaining = 0;
  int64_t resetMillis = 0;
};

/// X-RateLimit-* for each, RateLimit-* for the one with the least left (of equals, the longer
/// period), and Retry-After if the request was `rejected`.
void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected);

}  // namespace tollgate::filters::rate_limiting
