#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tollgate/schema/v1/options.pb.h"

#include "source/base/json.h"

namespace tollgate::schema {

using Rules = v1::FieldRules;

struct Field;

/// The fields of a record, in order of declaration. Immutable once built.
class Fields {
 public:
  Fields() = default;
  explicit Fields(std::vector<Field> all);
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  /// nullptr where there is none.
  const Field* find(std::string_view name) const;

  /// Calls `visit(field, member, present)` for every field, in order of name, which is the order of
  /// `members` (of a JSON object): so both are gone through once, without a search. `member` is
  /// that of the field where it is present, else the place for it. `visit` may put one in there.
  template <typename Members, typename Visit>
  void beside(Members& members, const Visit& visit) const;

 private:
  std::vector<Field> all_;
  std::vector<uint32_t> byName_;  ///< Places in `all_`.
};

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
  Fields fields;                    ///< Of records.
  v1::EntityRules checks;           ///< Across the fields of records.
  bool hidden() const { return rules.type() == "hidden"; }
};

template <typename Members, typename Visit>
void Fields::beside(Members& members, const Visit& visit) const {
  auto member = members.begin();
  for (uint32_t place : byName_) {
    const Field& field = all_[place];
    int order = 1;
    while (member != members.end() && (order = member->first.compare(field.name)) < 0) ++member;
    const bool present = member != members.end() && order == 0;
    visit(field, member, present);
    if (present) ++member;
  }
}

/// Compiles every field of a message, in order of declaration.
Fields compileFields(const google::protobuf::Descriptor& message);

/// Gives what is absent its default, deeply; an explicit null stays.
void fillDefaults(const Fields& fields, Json& record);
/// Overlays `record` with `change`: records deeply, all else as a whole.
void mergeRecord(const Fields& fields, Json& record, Json change);
/// Sets what is still absent to null, deeply.
void fillNulls(const Fields& fields, Json& record);
/// Checks `value` (and makes 5.0 an integer, sets distinct); null where it is fine, else the error
/// in the shape of the Admin API's "fields".
Json checkValue(const Field& field, Json& value);
/// Checks all members of a record; an object of errors, empty where there is none.
Json checkRecord(const Fields& fields, Json& record);
/// Form strings to the types of the fields.
void coerceRecord(const Fields& fields, Json& record);
}  // namespace tollgate::schema
