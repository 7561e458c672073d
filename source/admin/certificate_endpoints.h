#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// What differs for /certificates/{certificates} from other entities: it may be named by a server
/// name. After addEntityEndpoints().
void addCertificateEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
