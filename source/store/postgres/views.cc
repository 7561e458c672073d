#include "source/store/postgres/views.h"

#include "source/schema/entity_schema.h"
#include "source/store/postgres/session.h"

namespace tollgate::store {
namespace {

/// The column of one field: scalars as such, references as "<field>_id", the rest as json.
std::string column(const std::string& field, const std::string& type) {
  std::string name = quoteLiteral(field);
  std::string text = "(doc::json ->> " + name + ")";
  if (type == "string") return text + " AS " + quoteIdentifier(field);
  if (type == "boolean") return text + "::boolean AS " + quoteIdentifier(field);
  if (type == "integer" || type == "number") return text + "::numeric AS " + quoteIdentifier(field);
  if (type == "foreign") {
    return "(doc::json -> " + name + " ->> 'id') AS " + quoteIdentifier(field + "_id");
  }
  return "(doc::json -> " + name + ") AS " + quoteIdentifier(field);
}

}  // namespace

std::vector<KindView> kindViews() {
  std::vector<KindView> views;
  for (const schema::EntitySchema* schema : schema::EntitySchema::all()) {
    std::string columns = "id";
    const Json description = schema->describe();
    for (const Json& field : description.value("fields", Json::array())) {
      for (const auto& [name, about] : field.items()) {
        if (name != "id") columns += ", " + column(name, about.value("type", "record"));
      }
    }
    views.push_back({schema->kind(), "SELECT " + columns + " FROM entities WHERE kind = " +
                                         quoteLiteral(schema->kind())});
  }
  return views;
}

}  // namespace tollgate::store
