#include "source/schema/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <unordered_map>

#include "source/schema/checks.h"
#include "source/schema/rules.h"
#include "source/schema/vault_reference.h"

namespace tollgate::schema {
namespace pb = google::protobuf;
namespace {

using Type = Field::Type;

Type scalarType(const pb::FieldDescriptor& d) {
  switch (d.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return Type::kBoolean;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return Type::kNumber;
    case pb::FieldDescriptor::CPPTYPE_STRING:
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return Type::kString;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return d.message_type()->full_name() == "google.protobuf.Struct" ? Type::kAny : Type::kRecord;
    default:
      return Type::kInteger;
  }
}

Field compileField(const pb::FieldDescriptor& d) {
  Field f;
  f.name = d.name();
  f.rules = d.options().GetExtension(v1::rules);
  if (!f.rules.default_json().empty()) {
    f.defaultValue = Json::parse(f.rules.default_json(), nullptr, false);
  }
  if (d.is_map()) {
    f.type = Type::kMap;
    Field values;  // A map goes from a name to a text, or to a list of texts.
    values.rules = f.rules.elements();
    if (d.message_type()->map_value()->type() == pb::FieldDescriptor::TYPE_MESSAGE) {
      values.type = Type::kArray;
      values.elements = std::make_shared<Field>();
    }
    f.elements = std::make_shared<Field>(std::move(values));
    return f;
  }
  Field scalar;
  scalar.type = scalarType(d);
  if (!f.rules.reference().empty()) scalar.type = Type::kForeign;
  if (scalar.type == Type::kRecord) {
    scalar.fields = compileFields(*d.message_type());
    scalar.checks = d.message_type()->options().GetExtension(v1::entity);
  }
  if (d.is_repeated()) {
    f.type = f.rules.set() ? Type::kSet : Type::kArray;
    scalar.rules = f.rules.elements();
    f.elements = std::make_shared<Field>(std::move(scalar));
  } else {
    f.type = scalar.type;
    f.fields = std::move(scalar.fields);
    f.checks = std::move(scalar.checks);
  }
  return f;
}

std::string numberText(double value) {
  return value == std::floor(value) ? fmt::format("{}", static_cast<int64_t>(value))
                                    : fmt::format("{}", value);
}

std::string scalarText(const Json& v) {
  return v.is_string() ? v.get<std::string>() : numberText(v.get<double>());
}

std::string listed(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

constexpr const char* kNoReference =
    "this field does not take references to secrets: nothing would resolve it";

Json checkOneOf(const Rules& rules, const Json& value) {
  if (rules.one_of().empty() && rules.not_one_of().empty()) return nullptr;
  const std::string text = scalarText(value);
  for (const auto& refused : rules.not_one_of()) {
    if (refused == text) return "must not be one of: " + listed(rules.not_one_of());
  }
  if (rules.one_of().empty()) return nullptr;
  for (const auto& allowed : rules.one_of()) {
    if (allowed == text) return nullptr;
  }
  return "expected one of: " + listed(rules.one_of());
}

Json checkNumber(const Field& f, Json& value) {
  const bool integer = f.type == Type::kInteger;
  const char* wrong = integer ? "expected an integer" : "expected a number";
  if (!value.is_number()) return wrong;
  double number = value.get<double>();
  if (integer) {
    if (number != std::floor(number) || std::abs(number) > 9e15) return wrong;
    if (value.is_number_float()) value = static_cast<int64_t>(number);
  }
  if (Json error = checkOneOf(f.rules, value); !error.is_null()) return error;
  if (f.rules.has_gt() && !(number > f.rules.gt())) {
    return "value must be greater than " + numberText(f.rules.gt());
  }
  if (f.rules.type() == "timestamp" && number <= 0) return "expected a valid timestamp";
  if (f.rules.between_size() == 2 && (number < f.rules.between(0) || number > f.rules.between(1))) {
    // Clients know the bounds without their fractions.
    return fmt::format("value should be between {} and {}",
                       numberText(std::trunc(f.rules.between(0))),
                       numberText(std::trunc(f.rules.between(1))));
  }
  return nullptr;
}

Json checkString(const Field& f, const Json& value) {
  if (!value.is_string()) return "expected a string";
  const auto& text = value.get_ref<const std::string&>();
  if (Json error = checkOneOf(f.rules, value); !error.is_null()) return error;
  if (isVaultReference(text)) {
    std::string error = f.rules.referenceable() ? checkVaultReference(text) : kNoReference;
    if (error.empty()) error = checkText(text);
    return error.empty() ? Json(nullptr) : Json(error);
  }
  if (f.rules.type() == "uuid") {
    return isUuid(text) ? Json(nullptr) : Json("expected a valid UUID");
  }
  int least = f.rules.has_len_min() ? f.rules.len_min() : 1;
  if (static_cast<int>(text.size()) < least)
    return fmt::format("length must be at least {}", least);
  if (f.rules.has_len_max() && static_cast<int>(text.size()) > f.rules.len_max()) {
    return fmt::format("length must be at most {}", f.rules.len_max());
  }
  std::string error = checkRule(f.rules.type(), text);
  if (error.empty()) error = checkText(text);
  return error.empty() ? Json(nullptr) : Json(error);
}

/// Of a value without a type of its own: all texts in it, names too.
std::string checkTexts(const Json& value) {
  if (value.is_string()) return checkText(value.get_ref<const std::string&>());
  if (!value.is_structured()) return "";
  for (const auto& [name, item] : value.items()) {
    std::string error = value.is_object() ? checkText(name) : "";
    if (error.empty()) error = checkTexts(item);
    if (!error.empty()) return error;
  }
  return "";
}

/// Equal values have equal hashes: 5 and 5.0 are equal.
size_t hashOf(const Json& value) {
  return value.is_number() ? std::hash<double>{}(value.get<double>()) : std::hash<Json>{}(value);
}

/// The first of each, in their order, in linear time.
Json distinctItems(Json list) {
  std::unordered_multimap<size_t, size_t> places;  // in `out`, by hash
  Json out = Json::array();
  for (Json& item : list) {
    const size_t hash = hashOf(item);
    auto [from, to] = places.equal_range(hash);
    const bool known =
        std::any_of(from, to, [&](const auto& place) { return out[place.second] == item; });
    if (known) continue;
    places.emplace(hash, out.size());
    out.push_back(std::move(item));
  }
  return out;
}

Json checkList(const Field& f, Json& value) {
  const bool set = f.type == Type::kSet;
  if (!value.is_array()) {
    if (!value.is_object() || !value.empty()) return set ? "expected a set" : "expected an array";
    value = Json::array();
  }
  if (set) value = distinctItems(std::move(value));
  if (f.rules.has_len_min() && static_cast<int>(value.size()) < f.rules.len_min()) {
    return fmt::format("length must be at least {}", f.rules.len_min());
  }
  Json errors = Json::array();
  for (size_t i = 0; i < value.size(); ++i) {
    Json error =
        value[i].is_null() ? Json("required field missing") : checkValue(*f.elements, value[i]);
    if (error.is_null()) continue;
    while (errors.size() < i) errors.push_back(nullptr);
    errors.push_back(std::move(error));
  }
  return errors.empty() ? Json(nullptr) : errors;
}

Json checkMap(const Field& f, Json& value) {
  if (value.is_array()) {
    if (!value.empty()) return "expected a string";
    value = Json::object();
  }
  if (!value.is_object()) return "expected a map";
  for (auto& [key, item] : value.items()) {
    if (f.rules.type() == "route_headers") {
      std::string lower;
      for (unsigned char c : key) lower += static_cast<char>(std::tolower(c));
      if (lower == "host") {
        return "cannot contain 'host' header, which must be specified in the 'hosts' attribute";
      }
    }
    if (f.rules.type() == "route_headers" || f.rules.type() == "headers") {
      if (std::string error = checkRule("header_name", key); !error.empty()) return error;
    }
    if (std::string error = checkText(key); !error.empty()) return error;
    if (std::string error = checkRule(f.rules.keys().type(), key); !error.empty()) return error;
    if (Json error = checkValue(*f.elements, item); !error.is_null()) return error;
  }
  return nullptr;
}

Json checkForeign(const Json& value) {
  if (!value.is_object()) return {{"id", "missing primary key"}};
  for (const auto& [key, item] : value.items()) {
    if (key != "id") return {{key, "unknown field"}};
  }
  auto id = value.find("id");
  if (id == value.end()) return {{"id", "missing primary key"}};
  if (!id->is_string()) return {{"id", "expected a string"}};
  if (!isUuid(id->get_ref<const std::string&>())) return {{"id", "expected a valid UUID"}};
  return nullptr;
}

void coerceValue(const Field& f, Json& value) {
  if (value.is_string() && value.get_ref<const std::string&>().empty()) {
    value = nullptr;
    if (f.type != Type::kArray && f.type != Type::kSet) return;
  }
  switch (f.type) {
    case Type::kInteger:
    case Type::kNumber: {
      if (!value.is_string()) return;
      const auto& text = value.get_ref<const std::string&>();
      char* end = nullptr;
      double number = std::strtod(text.c_str(), &end);
      if (*end != '\0' || !std::isfinite(number)) return;
      if (number == std::floor(number) && std::abs(number) < 9e15) {
        value = static_cast<int64_t>(number);
      } else {
        value = number;
      }
      return;
    }
    case Type::kBoolean:
      if (value == "true")
        value = true;
      else if (value == "false")
        value = false;
      return;
    case Type::kArray:
    case Type::kSet:
      if (value.is_null()) return;
      if (!value.is_structured()) value = Json::array({value});
      for (auto& item : value) coerceValue(*f.elements, item);
      return;
    case Type::kMap:
      if (value.is_object()) {
        for (auto& item : value) coerceValue(*f.elements, item);
      }
      return;
    case Type::kRecord:
      coerceRecord(f.fields, value);
      return;
    default:
      return;
  }
}

}  // namespace

Fields compileFields(const pb::Descriptor& message) {
  std::vector<Field> out;
  for (int i = 0; i < message.field_count(); ++i) out.push_back(compileField(*message.field(i)));
  return Fields(std::move(out));
}

Fields::Fields(std::vector<Field> all) : all_(std::move(all)) {
  byName_.resize(all_.size());
  std::iota(byName_.begin(), byName_.end(), 0);
  std::sort(byName_.begin(), byName_.end(),
            [&](uint32_t a, uint32_t b) { return all_[a].name < all_[b].name; });
}

const Field* Fields::find(std::string_view name) const {
  auto field = std::find_if(begin(), end(), [&](const Field& each) { return each.name == name; });
  return field != end() ? &*field : nullptr;
}

void fillDefaults(const Fields& fields, Json& record) {
  auto& members = record.get_ref<Json::object_t&>();
  fields.beside(members, [&](const Field& f, auto at, bool present) {
    if (!present) {
      if (f.type == Type::kRecord && f.rules.required()) {
        at = members.emplace_hint(at, f.name, Json::object());
      } else if (!f.defaultValue.is_null()) {
        at = members.emplace_hint(at, f.name, f.defaultValue);
      } else {
        return;
      }
    }
    if (f.type == Type::kRecord && at->second.is_object()) fillDefaults(f.fields, at->second);
  });
}

void mergeRecord(const Fields& fields, Json& record, Json change) {
  for (auto& [key, value] : change.items()) {
    const Field* f = fields.find(key);
    const bool deep = f != nullptr && f->type == Type::kRecord && value.is_object();
    Json& target = record[key];
    if (deep && target.is_object()) {
      mergeRecord(f->fields, target, std::move(value));
    } else {
      target = std::move(value);
    }
  }
}

void fillNulls(const Fields& fields, Json& record) {
  auto& members = record.get_ref<Json::object_t&>();
  fields.beside(members, [&](const Field& f, auto at, bool present) {
    if (f.hidden()) return;
    if (!present) {
      members.emplace_hint(at, f.name, nullptr);
    } else if (f.type == Type::kRecord && at->second.is_object()) {
      fillNulls(f.fields, at->second);
    } else if ((f.type == Type::kArray || f.type == Type::kSet) && at->second.is_array() &&
               f.elements->type == Type::kRecord) {
      for (auto& item : at->second) fillNulls(f.elements->fields, item);
    }
  });
}

Json checkValue(const Field& f, Json& value) {
  if (value.is_null()) return f.rules.required() ? Json("required field missing") : Json(nullptr);
  if (f.rules.forbidden()) return "value must be null";
  switch (f.type) {
    case Type::kString:
      return checkString(f, value);
    case Type::kInteger:
    case Type::kNumber:
      return checkNumber(f, value);
    case Type::kBoolean:
      return value.is_boolean() ? Json(nullptr) : Json("expected a boolean");
    case Type::kArray:
    case Type::kSet:
      return checkList(f, value);
    case Type::kMap:
      return checkMap(f, value);
    case Type::kForeign:
      return checkForeign(value);
    case Type::kRecord: {
      if (value.is_array() && value.empty()) value = Json::object();
      if (!value.is_object()) return "expected a record";
      Json errors = checkRecord(f.fields, value);
      runChecks(f.checks, WriteMode::kInsert, value, errors);
      return errors.empty() ? Json(nullptr) : errors;
    }
    case Type::kAny: {
      if (!value.is_object()) return "expected a record";
      std::string error = checkTexts(value);
      return error.empty() ? Json(nullptr) : Json(error);
    }
  }
  return nullptr;
}

Json checkRecord(const Fields& fields, Json& record) {
  Json errors = Json::object();
  auto& members = record.get_ref<Json::object_t&>();
  size_t known = 0;
  fields.beside(members, [&](const Field& f, auto at, bool present) {
    known += present ? 1 : 0;
    Json absent;
    Json error = checkValue(f, present ? at->second : absent);
    if (!error.is_null()) errors[f.name] = std::move(error);
  });
  if (known == members.size()) return errors;
  for (const auto& [key, value] : members) {
    if (fields.find(key) == nullptr) errors[key] = "unknown field";
  }
  return errors;
}

void coerceRecord(const Fields& fields, Json& record) {
  if (!record.is_object()) return;
  for (const auto& f : fields) {
    auto at = record.find(f.name);
    if (at != record.end()) coerceValue(f, *at);
  }
}

}  // namespace tollgate::schema
