// Declarative files, YAML and JSON: whatever comes, either errors or valid entities whose export
// reads back as the same entities.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "source/store/file/declarative_file.h"
#include "source/store/file/yaml_text.h"

namespace {

using namespace tollgate::store;

constexpr size_t kLongest = 4096;

std::map<std::string, Json> read(const std::string& text, bool& good) {
  DeclarativeOptions options;
  options.now = 1700000000;
  DeclarativeFile file(TextSource::text("fuzz", text), options);
  std::map<std::string, Json> out;
  tollgate::Status done = file.read([&](Declared entity) {
    if (entity.doc.value("id", Json()) != entity.id) std::abort();
    if (!out.emplace(entity.schema->kind() + "/" + entity.id, std::move(entity.doc)).second) {
      std::abort();  // the same entity twice
    }
    return tollgate::Status();
  });
  good = done.ok() && file.errors().empty();
  if (done.ok() && !good) {
    if (file.errors().lines("fuzz").empty() || file.errors().fields().empty()) std::abort();
    (void)FileErrors::text(file.errors().fieldsWithoutEntities());
    (void)file.errors().flattened().dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return out;
}

bool isText(const std::string& text) {
  return text == Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
                     .get<std::string>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kLongest) return 0;
  std::string text(reinterpret_cast<const char*>(data), size);
  bool good = false;
  auto first = read(text, good);
  // Bytes that are no UTF-8 are replaced when they are written, so they do not come back.
  if (!good || !isText(text)) return 0;
  std::string exported = "_format_version: '3.0'\n_transform: false\n";
  for (const auto* schema : tollgate::schema::EntitySchema::all()) {
    std::string list;
    for (const auto& [name, doc] : first) {
      if (name.starts_with(schema->kind() + "/")) appendYamlElement(doc, list);
    }
    if (!list.empty()) exported += schema->kind() + ":\n" + list;
  }
  auto second = read(exported, good);
  if (!good || second != first) std::abort();
  return 0;
}
