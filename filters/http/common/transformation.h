#pragma once

#include <algorithm>
#include <string>

#include "source/base/json.h"
#include "source/http/filter_factory.h"

/// How transformations see bodies, and the members of a JSON object.
namespace tollgate::filters {

/// How large a body a transformation takes apart.
inline size_t transformedBodySize(const ::tollgate::http::FilterContext& context) {
  constexpr double kDefault = 8 * 1024 * 1024;
  const double size = context.setting ? context.setting("transformed_body_size") : kDefault;
  return static_cast<size_t>(std::max(1.0, size));
}

/// The member of that name; nullptr where there is none, or it is false, which is as good as absent
/// (null is not).
inline Json* presentField(Json& fields, const std::string& name) {
  auto found = fields.find(name);
  return found == fields.end() || *found == false ? nullptr : &*found;
}

/// The value goes to the new name, in place of what that has.
inline void renameField(Json& fields, const std::string& from, const std::string& to) {
  Json* old = presentField(fields, from);
  if (old == nullptr || from == to) return;
  Json value = std::move(*old);
  fields.erase(from);
  fields[to] = std::move(value);
}

/// A text becomes a list of itself and the value, a list or an object grows by it, and anything
/// else is replaced by a list of it.
inline void appendField(Json& fields, const std::string& name, Json value) {
  Json* old = presentField(fields, name);
  if (old != nullptr && old->is_string()) {
    fields[name] = Json::array({*old, std::move(value)});
  } else if (old != nullptr && old->is_array()) {
    old->push_back(std::move(value));
  } else if (old != nullptr && old->is_object()) {
    size_t place = 1;
    while (old->contains(std::to_string(place))) ++place;
    (*old)[std::to_string(place)] = std::move(value);
  } else {
    fields[name] = Json::array({std::move(value)});
  }
}

}  // namespace tollgate::filters
