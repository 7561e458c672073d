#pragma once

#include <string>
#include <utility>
#include <vector>

#include "source/base/json.h"

namespace tollgate::filters {

/// The setting `custom_fields_by_lua` of log plugins: fields of the record that are set, or taken
/// out, whatever the request. Of Lua only literals are here (schema::luaLiteral), which the schema
/// has checked. Immutable; any thread.
class CustomFields {
 public:
  /// `configured`: a map from paths, in which dots lead into objects and "\." is a dot, to chunks.
  template <typename Map>
  explicit CustomFields(const Map& configured) {
    for (const auto& [path, chunk] : configured) add(path, chunk);
  }

  /// `record`: the JSON of an object. A field below what is no object is left out.
  void apply(std::string& record) const;

 private:
  void add(const std::string& path, const std::string& chunk);
  std::vector<std::pair<std::vector<std::string>, Json>> fields_;  ///< null: taken out.
};

}  // namespace tollgate::filters
