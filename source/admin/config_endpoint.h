#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// /config: the whole configuration of a node without a database, read and replaced as one text.
void addConfigEndpoint(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
