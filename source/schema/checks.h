#pragma once

#include <string_view>

#include "source/schema/entity_schema.h"
#include "tollgate/schema/v1/options.pb.h"

/// The declared checks across the fields of a document (EntityCheck in
/// api/tollgate/schema/v1/options.proto). Pure functions; any thread.
namespace tollgate::schema {

/// The value at a dotted path; null where there is none.
const Json& valueAt(const Json& doc, std::string_view path);
/// Whether a value counts as given: not null, "", [] or {}.
bool isNonEmpty(const Json& value);

/// Neither null nor an empty text, list or record.
bool nonEmpty(const Json& value);

/// Runs the checks and reports into `errors`. One that looks at a field that is already wrong is
/// left out.
void runChecks(const v1::EntityRules& rules, WriteMode mode, const Json& doc, Json& errors);

/// As they stand in GET /schemas/...
Json describeChecks(const v1::EntityRules& rules);

}  // namespace tollgate::schema
