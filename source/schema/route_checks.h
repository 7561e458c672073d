#pragma once

#include "source/base/json.h"

namespace tollgate::schema {

/// What depends on the protocol family before validation: grpc's strip_path, unknown protocols.
void prepareRoute(Json& doc, Json& errors);
/// Which fields a route of its protocols must and must not have.
void checkRoute(Json& doc, Json& errors);

}  // namespace tollgate::schema
