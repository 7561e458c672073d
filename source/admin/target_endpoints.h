#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// What is particular to /upstreams/{upstreams}/targets, and the health of upstreams and targets.
/// After addEntityEndpoints().
void addTargetEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
