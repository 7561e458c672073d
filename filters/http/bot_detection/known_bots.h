#pragma once

#include <string_view>

namespace tollgate::filters::bot_detection {

/// Whether a User-Agent is that of a known crawler, monitor or HTTP library. One pass over the
/// text; neither allocates nor locks.
bool isKnownBot(std::string_view userAgent);

}  // namespace tollgate::filters::bot_detection
