#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// "/", /status, /endpoints, /plugins/enabled, /timers, /cache, /clustering and /debug.
/// `paths` must outlive its handlers (which it owns).
void addNodeEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
