#include "source/server/builtin_filters.h"

#include "filters/http/admin_auth/admin_auth.h"
#include "filters/http/key_auth/key_auth.h"
#include "filters/http/rate_limiting/rate_limiting.h"
#include "filters/http/request_termination/request_termination.h"
#include "source/http/filter_factory.h"

namespace tollgate::server {

void registerBuiltinFilters(size_t rateLimitCells) {
  http::HttpFilterRegistry::add(filters::makeKeyAuthFactory());
  http::HttpFilterRegistry::add(filters::makeRateLimitingFactory(rateLimitCells));
  http::HttpFilterRegistry::add(filters::makeAdminAuthFactory());
  http::HttpFilterRegistry::add(filters::makeRequestTerminationFactory());
}

}  // namespace tollgate::server
