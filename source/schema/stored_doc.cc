#include "source/schema/stored_doc.h"

#include <algorithm>
#include <cmath>

#include "source/schema/entity_schema.h"

namespace tollgate::schema {
namespace {

using Type = Field::Type;

bool isChoice(const Rules& rules, const Json& value) {
  if (rules.one_of().empty()) return true;
  if (const auto* text = value.get_ptr<const std::string*>(); text != nullptr) {
    return std::find(rules.one_of().begin(), rules.one_of().end(), *text) != rules.one_of().end();
  }
  std::string text = value.dump();
  if (value.is_number_float() && value.get<double>() == std::floor(value.get<double>())) {
    text = std::to_string(value.get<int64_t>());
  }
  return std::find(rules.one_of().begin(), rules.one_of().end(), text) != rules.one_of().end();
}

std::string misfitOfNumber(const Field& f, const Json& value) {
  if (!value.is_number()) return "expected a number";
  const double number = value.get<double>();
  if (f.type == Type::kInteger && (number != std::floor(number) || std::abs(number) > 9e15)) {
    return "expected an integer";
  }
  if (f.rules.between_size() == 2 && (number < f.rules.between(0) || number > f.rules.between(1))) {
    return "out of bounds";
  }
  return isChoice(f.rules, value) ? "" : "not one of the choices";
}

std::string misfitOf(const Field& f, const Json& value);

std::string misfitOfItems(const Field& f, const Json& value) {
  for (const Json& item : value) {
    if (std::string problem = misfitOf(*f.elements, item); !problem.empty()) return problem;
  }
  return "";
}

std::string misfitOf(const Field& f, const Json& value) {
  if (value.is_null()) return f.rules.required() ? "required field missing" : "";
  switch (f.type) {
    case Type::kString:
      if (!value.is_string()) return "expected a string";
      return isChoice(f.rules, value) ? "" : "not one of the choices";
    case Type::kInteger:
    case Type::kNumber:
      return misfitOfNumber(f, value);
    case Type::kBoolean:
      return value.is_boolean() ? "" : "expected a boolean";
    case Type::kArray:
    case Type::kSet:
      return value.is_array() ? misfitOfItems(f, value) : "expected a list";
    case Type::kMap:
      return value.is_object() ? misfitOfItems(f, value) : "expected a map";
    case Type::kForeign: {
      auto id = value.is_object() ? value.find("id") : value.end();
      return id != value.end() && id->is_string() ? "" : "expected a reference";
    }
    case Type::kRecord:
      return value.is_object() ? misfit(f.fields, value) : "expected a record";
    case Type::kAny:
      return value.is_object() ? "" : "expected a record";
  }
  return "";
}

void maskField(const Field& f, Json& value) {
  if (value.is_null()) return;
  if (f.rules.secret() || !f.rules.at_rest().empty()) {
    value = kMask;
  } else if (f.type == Type::kRecord) {
    maskSecrets(f.fields, value);
  } else if (f.elements != nullptr && value.is_structured()) {
    for (Json& item : value) maskField(*f.elements, item);
  }
}

}  // namespace

std::string misfit(const Fields& fields, const Json& record) {
  if (!record.is_object()) return "expected a record";
  std::string out;
  fields.beside(record.get_ref<const Json::object_t&>(),
                [&](const Field& f, auto at, bool present) {
                  // What is absent is of a time before the field: it has its default.
                  if (!present || !out.empty()) return;
                  if (std::string problem = misfitOf(f, at->second); !problem.empty()) {
                    out = f.name + ": " + problem;
                  }
                });
  return out;
}

void maskSecrets(const Fields& fields, Json& record) {
  if (!record.is_object()) return;
  for (const Field& f : fields) {
    auto at = record.find(f.name);
    if (at != record.end()) maskField(f, *at);
  }
}

void maskAll(Json& value) {
  if (value.is_structured()) {
    for (Json& item : value) maskAll(item);
  } else if (!value.is_null()) {
    value = kMask;
  }
}

}  // namespace tollgate::schema
