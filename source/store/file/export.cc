#include "source/store/file/export.h"

#include "source/store/file/yaml_text.h"

namespace tollgate::store {
namespace {

constexpr size_t kRowsAtOnce = 1000;

/// References as a file has them: the bare id.
Json asDeclared(const schema::EntitySchema& schema, Json doc) {
  for (const auto& foreign : schema.foreignFields()) {
    auto found = doc.find(foreign.field);
    if (found == doc.end() || !found->is_object() || found->size() != 1) continue;
    auto id = found->find("id");
    if (id == found->end()) continue;
    Json bare = *id;
    *found = std::move(bare);
  }
  return doc;
}

Status exportKind(Store& store, const schema::EntitySchema& schema,
                  const std::function<Status(std::string_view)>& write) {
  ListQuery query;
  query.limit = kRowsAtOnce;
  bool first = true;
  while (true) {
    auto rows = store.list(schema.kind(), query);
    if (!rows) return std::move(rows).error();
    std::string text;
    if (first && !rows->empty()) text = schema.kind() + ":\n";
    first = false;
    for (Json& row : *rows) {
      query.afterId = row.value("id", std::string());
      appendYamlElement(asDeclared(schema, std::move(row)), text);
    }
    if (Status done = write(text); !done) return done;
    if (rows->size() < query.limit) return {};
  }
}

}  // namespace

Status exportStore(Store& store, const std::function<Status(std::string_view)>& write) {
  auto before = store.revision();
  if (!before) return std::move(before).error();
  if (Status done = write("_format_version: '3.0'\n_transform: false\n"); !done) return done;
  for (const schema::EntitySchema* schema : schema::EntitySchema::all()) {
    if (Status done = exportKind(store, *schema, write); !done) return done;
  }
  auto after = store.revision();
  if (!after) return std::move(after).error();
  if (*after != *before) {
    return Error::conflict("the store was written to during the export; export again");
  }
  return {};
}

Result<std::string> exportText(Store& store) {
  std::string out;
  Status done = exportStore(store, [&](std::string_view text) {
    out += text;
    return Status();
  });
  if (!done) return std::move(done).error();
  return out;
}

}  // namespace tollgate::store
