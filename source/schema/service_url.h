#pragma once

#include "source/base/json.h"

namespace tollgate::schema {

/// Puts protocol, host, port and path in place of a service's `url`, which has the last word on
/// them. Only what `url` itself can be wrong in is an error; null is as good as absent.
void takeServiceUrl(Json& body, Json& errors);

}  // namespace tollgate::schema
