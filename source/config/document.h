#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "source/schema/entity_schema.h"

/// Reading the fields of a stored document. What is absent, null or of another type is as if unset:
/// the store may hold what another version wrote.
namespace tollgate::config {

inline std::string textOf(const Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_string() ? found->get<std::string>() : std::string();
}

inline int64_t numberOf(const Json& doc, const char* field, int64_t fallback) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_number() ? found->get<int64_t>() : fallback;
}

inline bool flagOf(const Json& doc, const char* field, bool fallback) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

/// The document as logs have it: without what is null, with the workspace.
std::string recordOf(const Json& doc);
/// Likewise its members alone, without braces and workspace, and without `known` ones.
std::string recordMembers(const Json& doc, std::initializer_list<std::string_view> known);

/// The id of a reference like {"service":{"id":"…"}}; "" if there is none.
inline std::string referenceOf(const Json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_object() ? textOf(*found, "id") : std::string();
}

inline std::vector<std::string> listOf(const Json& doc, const char* field) {
  std::vector<std::string> out;
  auto found = doc.find(field);
  if (found == doc.end() || !found->is_array()) return out;
  for (const Json& item : *found) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

}  // namespace tollgate::config
