#pragma once

#include "source/admin/paths.h"

namespace tollgate::admin {

/// /schemas/… and /plugins/schema/{name}.
void addSchemaEndpoints(Paths& paths);

}  // namespace tollgate::admin
