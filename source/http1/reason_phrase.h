#pragma once

#include <string_view>

namespace tollgate::http1 {

/// The usual reason phrase of a status, or "".
std::string_view reasonOf(int status);

}  // namespace tollgate::http1
