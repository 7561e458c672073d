#pragma once

#include <cstddef>

namespace tollgate::server {

/// Makes the HTTP filters of this build known to the registry; once per process. `rateLimitCells`:
/// how many limits of clients are kept track of.
void registerBuiltinFilters(size_t rateLimitCells);

}  // namespace tollgate::server
