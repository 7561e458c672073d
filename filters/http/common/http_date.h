#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::filters {

/// Unix seconds of a date in one of the three formats of HTTP (RFC 9110 section 5.6.7): that of RFC
/// 1123, that of RFC 850, whose years from 70 on are of the last century, and that of asctime().
/// The name of the day is not compared with the date. Nothing for any other text.
std::optional<int64_t> parseHttpDate(std::string_view text);

}  // namespace tollgate::filters
