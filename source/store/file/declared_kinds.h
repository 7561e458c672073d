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

/// The fields of the kind, beside id and times, that are made up where a record has none: keys and
/// secrets.
const std::vector<std::string>& madeUpFields(std::string_view kind);

/// Whether the member `value` of a record, named as a kind, is a list of nested entities (or empty,
/// or not written as one) and no field of its own, which is a list of texts.
bool holdsNested(const Json& value);

/// The member as text; "" where it is none.
std::string textOf(const Json& record, const std::string& field);

/// The id that the record itself gives, in lower case; "" where there is none that could be one.
std::string givenId(const Json& record);

/// ASCII letters in lower case.
std::string lowerCase(std::string text);

}  // namespace tollgate::store
