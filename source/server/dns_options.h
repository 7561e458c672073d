#pragma once

#include "source/base/result.h"
#include "source/net/resolver.h"
#include "source/server/settings.h"

namespace tollgate::server {

/// What the settings dns_* say; errors name the setting.
Result<net::ResolverSettings> resolverSettings(const Settings& settings);

}  // namespace tollgate::server
