#pragma once

#include <vector>

#include "source/schema/field.h"

/// How fields stand in GET /schemas/...: data that clients read, to fill in defaults and to draw
/// forms. Pure functions; any thread.
namespace tollgate::schema {

Json describeField(const Field& field);
Json describeFields(const Fields& fields);

}  // namespace tollgate::schema
