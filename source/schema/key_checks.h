#pragma once

#include "source/base/json.h"

namespace tollgate::schema {

/// A JSON web key can be read and has the id of its entity; keys in PEM can be read.
void checkKey(Json& doc, Json& errors);

}  // namespace tollgate::schema
