#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/schema/entity_schema.h"
#include "source/store/store.h"

/// What a declarative file has of each kind of entity, and how records in it name themselves.
namespace tollgate::store {

/// The kinds that may stand below an entity of `kind`, each with the field by which it refers to
/// it.
struct NestedKind {
  const schema::EntitySchema* schema;
  std::string field;
};
const std::vector<NestedKind>& nestedKinds(std::string_view kind);

/// Whether the endpoint key alone names an entity of the kind: it is unique, and an id may be made
/// of it.
bool isNamed(std::string_view kind);

/// Whether the member `value` of a record holds nested entities and no field of its own.
bool holdsNested(const Json& value);

/// The member as text; "" where it is none.
std::string textOf(const Json& record, const std::string& field);

/// The id that the record itself gives, in lower case; "" where there is none that could be one.
std::string givenId(const Json& record);

/// ASCII letters in lower case.
std::string lowerCase(std::string text);

}  // namespace tollgate::store
