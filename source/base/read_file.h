#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "source/base/result.h"

namespace tollgate {

struct ReadLimits {
  size_t bytes = size_t{1} << 20;
  /// Of silence, where the path names a pipe (`<(command)`) or a terminal.
  std::chrono::milliseconds silence{5000};
};

/// What a file that an operator names holds, for settings, keys and the like. Whatever the path
/// turns out to be, it comes back: a pipe without a writer, one that is silent, and a device
/// without an end are errors. The message is for "cannot read PATH: …"; kNotFound where nothing
/// stands there.
Result<std::string> readFile(const std::string& path, const ReadLimits& limits = {});

}  // namespace tollgate
