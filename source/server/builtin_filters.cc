#include "source/server/builtin_filters.h"

#include "source/http/filter_factory.h"

namespace tollgate::server {

void registerBuiltinFilters() {}

}  // namespace tollgate::server
