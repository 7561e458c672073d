#pragma once

#include <string>
#include <vector>

#include "source/schema/field.h"

/// What may be asked of a document that was stored, perhaps by another version of the program.
namespace tollgate::schema {

/// "" where every field has the shape that this program expects, else the first that has not: its
/// type, a missing value that is required, a number out of bounds, a text that is no choice. Fields
/// that are not known, and the finer rules, are passed over.
std::string misfit(const Fields& fields, const Json& record);

/// Replaces the secrets of a record by kMask, deeply; null stays null.
void maskSecrets(const Fields& fields, Json& record);
/// Replaces every value.
void maskAll(Json& value);

}  // namespace tollgate::schema
