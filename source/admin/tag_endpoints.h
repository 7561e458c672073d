#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// /tags and /tags/{tags}: which entity has which tag.
void addTagEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
