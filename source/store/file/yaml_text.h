#pragma once

#include <string>

#include "source/schema/entity_schema.h"

namespace tollgate::store {

/// Appends a record as an element of a YAML list ("- a: 1\n  b: ~\n"). The same record gives the
/// same bytes everywhere, and reads back as the same record. Pure; any thread.
void appendYamlElement(const Json& record, std::string& out);
/// A text as a scalar that reads back as that text, quoted only where it must be.
std::string yamlScalar(const std::string& text);

}  // namespace tollgate::store
