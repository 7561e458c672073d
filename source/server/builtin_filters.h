#pragma once

namespace tollgate::server {

/// Makes the HTTP filters of this build known to the registry; once per process.
void registerBuiltinFilters();

}  // namespace tollgate::server
