#pragma once

#include <string>
#include <vector>

#include "filters/http/rate_limiting/limit.h"
#include "source/base/arena.h"
#include "source/base/padded_text.h"
#include "source/http/header_map.h"

namespace tollgate::filters::rate_limiting {

/// What the response tells of one limit.
struct Shown {
  double remaining = 0;
  int64_t resetMillis = 0;
};

/// The headers that tell clients where they stand. What they say whatever was used of the limits is
/// written once for a configuration. Not changed once requests run.
class LimitHeaders {
 public:
  void add(const Limit& limit);

  /// X-RateLimit-* for each limit, RateLimit-* for the one with the least left (of equals, the
  /// longer period), and Retry-After if the request was `rejected`. `shown`: one for each limit, in
  /// the order in which they were added.
  void write(::tollgate::http::HeaderMap& headers, Arena& arena, const Shown* shown,
             bool rejected) const;

 private:
  struct Lines {
    /// "\r\nX-RateLimit-Limit-Minute: 5\r\nX-RateLimit-Remaining-Minute: "
    PaddedText<96> own;
    /// "\r\nRateLimit-Limit: 5\r\nRateLimit-Remaining: "
    PaddedText<80> summary;
    std::string limitName;      ///< "X-RateLimit-Limit-Minute"
    std::string remainingName;  ///< "X-RateLimit-Remaining-Minute"
  };
  void removeForeign(::tollgate::http::HeaderMap& headers) const;

  std::vector<Lines> lines_;
  ::tollgate::http::LineNames names_;  ///< Of all lines but Retry-After.
  size_t room_ = 0;                    ///< Bytes that these may take.
};

}  // namespace tollgate::filters::rate_limiting
