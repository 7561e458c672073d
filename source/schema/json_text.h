#pragma once

#include <cstddef>
#include <string_view>

#include "source/base/json.h"

namespace tollgate::schema {

/// How deep a document from outside may be nested.
inline constexpr size_t kMaxJsonDepth = 1000;

/// JSON from outside: discarded where it is none, or is nested more deeply than kMaxJsonDepth. What
/// copies, compares or writes a document goes down it by recursion, and would end the process at
/// some depth. Any thread.
Json parseJson(std::string_view text);

}  // namespace tollgate::schema
