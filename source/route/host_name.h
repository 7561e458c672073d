#pragma once

#include <cstdint>
#include <string_view>

#include "source/base/arena.h"

namespace tollgate::route {

/// A host as a request names it, taken apart.
struct HostName {
  std::string_view name;  ///< In lower case, without port and the final dot of a whole name.
  uint16_t port = 0;      ///< 0: none was named.

  /// Of "name", "name:port" or "[address]:port", where the codec found that form. Refers to `text`,
  /// or to the arena where letters had to be made small.
  static HostName of(std::string_view text, Arena& arena);
};

}  // namespace tollgate::route
