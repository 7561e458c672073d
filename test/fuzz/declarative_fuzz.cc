// Declarative files, YAML and JSON: whatever comes, either errors or valid entities whose export
// reads back as the same entities.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "filters/http_filters.h"
#include "source/store/file/declarative_file.h"
#include "source/store/file/yaml_text.h"

namespace {

using tollgate::Json;
using namespace tollgate::store;

constexpr size_t kLongest = 4096;

std::map<std::string, Json> read(const std::string& text, bool& good, bool parentsFirst = true) {
  DeclarativeOptions options;
  options.parentsFirst = parentsFirst;
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
    (void)file.warnings();
    (void)file.errors().flattened().dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return out;
}

/// What a reader hands on, in words.
struct Told final : DocumentSink {
  void member(const std::string& name, Json value, Place) override { tell(name, value); }
  void item(const std::string& name, size_t index, Json value, const Places& places) override {
    tell(name + std::to_string(index) + (places.anyLoose() ? "~" : ""), value);
  }
  void notARecord(const Json& value) override { tell("", value); }
  void warning(const std::string& warning, Place) override { text += warning + "\n"; }
  void tell(const std::string& name, const Json& value) {
    text += name + ": " + value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  std::string text;
};

/// What the quick reader reads at all it reads as the other one does.
void compareReaders(const std::string& text) {
  Told quick, whole;
  std::istringstream first(text), second(text);
  auto quickly = readDocument(first, quick, TextForm::kPlainYaml);
  if (quickly && !*quickly) return;
  auto other = readDocument(second, whole, TextForm::kYaml);
  if (quickly.ok() != other.ok()) std::abort();
  if (quickly.ok() && quick.text != whole.text) std::abort();
}

bool isText(const std::string& text) {
  return text == Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
                     .get<std::string>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool ready = [] {
    tollgate::filters::registerHttpFilterConfigs();
    return true;
  }();
  if (!ready || size > kLongest) return 0;
  std::string text(reinterpret_cast<const char*>(data), size);
  compareReaders(text);
  bool good = false;
  auto first = read(text, good);
  if (good) {
    // The order in which lists stand changes nothing, but keys that are made up.
    bool again = false;
    auto asItIs = read(text, again, false);
    if (!again || asItIs.size() != first.size()) std::abort();
  }
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
