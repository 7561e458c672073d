#pragma once

#include <cstddef>
#include <memory>

#include "source/http/filter_factory.h"

namespace tollgate::filters {

/// The filter `rate-limiting`. `cells`: how many limits of clients the process keeps track of.
std::unique_ptr<http::HttpFilterFactory> makeRateLimitingFactory(size_t cells);

}  // namespace tollgate::filters
