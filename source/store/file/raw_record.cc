#include "source/store/file/raw_record.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "source/store/file/yaml_scalar.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

/// What the text is to a field that answered with `message`; null where it is nothing to it.
Json looseValue(const std::string& text, const std::string& message) {
  if (message == "expected a boolean") return looseBoolean(text);
  if (message == "expected an integer" || message == "expected a number") return looseNumber(text);
  return nullptr;
}

}  // namespace

void convertPaths(Json& route) {
  auto paths = route.find("paths");
  if (paths == route.end() || !paths->is_array()) return;
  for (Json& path : *paths) {
    if (!path.is_string()) continue;
    const auto& text = path.get_ref<const std::string&>();
    bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
      return std::isalnum(c) ||
             std::string_view(".-_~/%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain && !text.starts_with("~")) path = "~" + text;
  }
}

void markHashed(const schema::EntitySchema& schema, Json& raw) {
  for (const schema::AtRestField& field : schema.atRestFields()) {
    const std::string* value = field.in(raw);
    if (value == nullptr || field.how != schema::AtRest::kPassword) continue;
    std::string form = sha1Form(*value);
    if (StoredForm::parse(form)) field.set(raw, std::move(form));
  }
}

void spread(const Json& tree, Path path, std::vector<FileError>& out) {
  if (tree.is_string()) {
    out.push_back({std::move(path), tree.get<std::string>(), {}, false});
  } else if (tree.is_array()) {
    bool entity = !path.empty() && path.back() == PathStep("@entity");
    for (size_t i = 0; i < tree.size(); ++i) {
      if (tree[i].is_null()) continue;
      Path deeper = path;
      if (!entity) deeper.emplace_back(i);
      spread(tree[i], std::move(deeper), out);
    }
  } else if (tree.is_object()) {
    for (const auto& [name, part] : tree.items()) {
      Path deeper = path;
      deeper.emplace_back(name);
      spread(part, std::move(deeper), out);
    }
  }
}

Json* partAt(Json& record, const Path& path, size_t from) {
  Json* at = &record;
  for (size_t i = from; i < path.size(); ++i) {
    if (const auto* name = std::get_if<std::string>(&path[i])) {
      if (!at->is_object() || !at->contains(*name)) return nullptr;
      at = &(*at)[*name];
    } else {
      const size_t index = std::get<size_t>(path[i]);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    }
  }
  return at;
}

bool convertLoose(Json& record, const std::vector<FileError>& errors, size_t from,
                  const Places& places) {
  bool any = false;
  if (!places.anyLoose()) return false;
  for (const FileError& error : errors) {
    Json* part = partAt(record, error.path, from);
    if (part == nullptr || !part->is_string()) continue;
    if (!places.isLoose(Path(error.path.begin() + 2, error.path.end()))) continue;
    Json value = looseValue(part->get_ref<const std::string&>(), error.message);
    if (value.is_null()) continue;
    *part = std::move(value);
    any = true;
  }
  return any;
}

}  // namespace tollgate::store
