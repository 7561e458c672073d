#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// /nodes and /nodes/{node}: the nodes that share the store, and which revision each runs.
void addNodesEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
