#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "source/schema/entity_schema.h"

namespace tollgate::store {

/// Which keys of a document the database has to enforce.
struct KeyExtractor {
  std::function<std::vector<schema::UniqueKey>(std::string_view kind, const Json& doc)> uniqueKeys;
  std::function<std::vector<schema::ForeignKey>(std::string_view kind, const Json& doc)>
      foreignKeys;
  /// As the schemas declare them.
  static KeyExtractor fromSchemas();
};

}  // namespace tollgate::store
