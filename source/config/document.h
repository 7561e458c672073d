#pragma once

#include <cstdint>
#include <string>
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
