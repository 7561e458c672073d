#pragma once

#include <google/protobuf/descriptor.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tollgate/schema/v1/options.pb.h"

namespace tollgate::schema {

using Json = nlohmann::json;
using Rules = v1::FieldRules;

/// One field as compiled from its protobuf declaration. Immutable once built.
struct Field {
  enum class Type {
    kString,
    kInteger,
    kNumber,
    kBoolean,
    kArray,
    kSet,
    kMap,
    kRecord,
    kForeign,
    kAny
  };
  std::string name;
  Type type = Type::kString;
  Rules rules;
  Json defaultValue;                ///< null where there is none.
  std::shared_ptr<Field> elements;  ///< Of arrays and sets, and the values of maps.
  std::vector<Field> fields;        ///< Of records.
  v1::EntityRules checks;           ///< Across the fields of records.
  bool hidden() const { return rules.type() == "hidden"; }
};

/// Compiles every field of a message, in order of declaration.
std::vector<Field> compileFields(const google::protobuf::Descriptor& message);

/// Gives what is absent its default, deeply; an explicit null stays.
void fillDefaults(const std::vector<Field>& fields, Json& record);
/// Overlays `record` with `change`: records deeply, all else as a whole.
void mergeRecord(const std::vector<Field>& fields, Json& record, Json change);
/// Sets what is still absent to null, deeply.
void fillNulls(const std::vector<Field>& fields, Json& record);
/// Checks `value` (and makes 5.0 an integer, sets distinct); null where it is fine, else the error
/// in the shape of the Admin API's "fields".
Json checkValue(const Field& field, Json& value);
/// Checks all members of a record; an object of errors, empty where there is none.
Json checkRecord(const std::vector<Field>& fields, Json& record);
/// Form strings to the types of the fields.
void coerceRecord(const std::vector<Field>& fields, Json& record);
}  // namespace tollgate::schema
