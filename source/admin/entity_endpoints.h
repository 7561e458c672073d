#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// Collections, entities, nested and singular endpoints of every kind.
void addEntityEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
