#include "source/store/key_extractor.h"

namespace tollgate::store {

KeyExtractor KeyExtractor::fromSchemas() {
  KeyExtractor keys;
  keys.uniqueKeys = [](std::string_view kind, const Json& doc) {
    const auto* found = schema::EntitySchema::find(kind);
    return found != nullptr ? found->uniqueKeys(doc) : std::vector<schema::UniqueKey>();
  };
  keys.foreignKeys = [](std::string_view kind, const Json& doc) {
    const auto* found = schema::EntitySchema::find(kind);
    return found != nullptr ? found->foreignKeys(doc) : std::vector<schema::ForeignKey>();
  };
  return keys;
}

}  // namespace tollgate::store
