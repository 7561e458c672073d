#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// Reading stored documents: a field that is absent, null or of another type has the fallback.
namespace tollgate::config {

inline std::string textOf(const nlohmann::json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The id that a reference holds.
inline std::string referenceOf(const nlohmann::json& doc, const char* field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_object() ? textOf(*found, "id") : std::string();
}

}  // namespace tollgate::config
