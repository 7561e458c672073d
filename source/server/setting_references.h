#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"

namespace tollgate::server {

/// The value of a setting with its reference to a secret ({vault://env/NAME}) resolved; of a list,
/// of each item. `prefix` (vault_env_prefix) stands before the names of variables. Errors tell the
/// reference and the reason, never a value.
Result<std::string> dereference(std::string_view value, bool isList, std::string_view prefix);

}  // namespace tollgate::server
