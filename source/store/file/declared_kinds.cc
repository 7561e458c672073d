#include "source/store/file/declared_kinds.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>

#include "source/schema/rules.h"

namespace tollgate::store {
namespace {

using schema::EntitySchema;

bool namesEntities(const EntitySchema& schema) {
  const std::string& key = schema.endpointKey();
  if (key.empty() || schema.isSecret(key)) return false;
  for (const auto& unique : schema.uniqueKeys({{key, "x"}})) {
    if (unique.field == key) return true;
  }
  return false;
}

std::vector<std::string> madeUp(const EntitySchema& schema) {
  std::vector<std::string> out;
  const Json described = schema.describe();
  for (const Json& field : described["fields"]) {
    for (const auto& [name, facts] : field.items()) {
      const bool own = name == "id" || name == "created_at" || name == "updated_at";
      if (!own && facts.is_object() && facts.value("auto", false)) out.push_back(name);
    }
  }
  return out;
}

struct KindFacts {
  std::vector<NestedKind> nested;
  std::vector<std::string> madeUp;
  bool named = false;
};

const KindFacts& factsOf(std::string_view kind) {
  static const auto& facts = *[] {
    auto* out = new std::map<std::string, KindFacts, std::less<>>;
    for (const EntitySchema* schema : EntitySchema::all()) {
      (*out)[schema->kind()].named = namesEntities(*schema);
      (*out)[schema->kind()].madeUp = madeUp(*schema);
      for (const auto& foreign : schema->foreignFields()) {
        auto& nested = (*out)[foreign.targetKind].nested;
        bool known = std::any_of(nested.begin(), nested.end(),
                                 [&](const NestedKind& one) { return one.schema == schema; });
        if (!known) nested.push_back({schema, foreign.field});
      }
    }
    return out;
  }();
  static const KindFacts kNone;
  auto found = facts.find(kind);
  return found == facts.end() ? kNone : found->second;
}

}  // namespace

const std::vector<NestedKind>& nestedKinds(std::string_view kind) { return factsOf(kind).nested; }

bool isNamed(std::string_view kind) { return factsOf(kind).named; }

const std::vector<std::string>& madeUpFields(std::string_view kind) { return factsOf(kind).madeUp; }

bool holdsNested(const Json& value) {
  if (value.is_object() || value.is_null()) return true;
  return value.is_array() && (value.empty() || !value[0].is_string());
}

std::string lowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string textOf(const Json& record, const std::string& field) {
  if (field.empty() || !record.is_object()) return "";
  auto found = record.find(field);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string givenId(const Json& record) {
  std::string id = textOf(record, "id");
  return schema::isUuid(id) ? lowerCase(std::move(id)) : std::string();
}

}  // namespace tollgate::store
