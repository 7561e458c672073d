#include <fmt/format.h>

#include <algorithm>

#include "source/schema/rules.h"
#include "source/store/file/declarative_file.h"
#include "source/store/file/declared_kinds.h"
#include "source/store/file/stable_id.h"

/// Which ids the entities of a file get, and those that they refer to.
namespace tollgate::store {
namespace {

using schema::EntitySchema;

/// Stands in for a reference that could not be resolved, so that the rest can be checked.
constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";

}  // namespace

/// The id of an entity that gives it, or a name of which it follows.
std::optional<std::string> DeclarativeFile::namedId(const EntitySchema& schema, const Json& raw) {
  std::string id = givenId(raw);
  if (!id.empty()) return id;
  if (!isNamed(schema.kind())) return {};
  const std::string& field = schema.endpointKey();
  std::string name = textOf(raw, field);
  if (name.empty()) return {};
  if (options_.existing) {
    if (auto found = options_.existing(schema.kind(), field, name)) return found;
  }
  return stableId(schema.kind(), name);
}

/// Where an entity stands, as far as that tells it from others of its kind.
std::string DeclarativeFile::placeOf(const EntitySchema& schema, const Json& raw, const Path& path,
                                     const Owner* owner) {
  std::string place = owner != nullptr ? owner->kind + "/" + owner->id : std::string();
  for (const auto& foreign : schema.foreignFields()) {
    if (owner != nullptr) break;
    auto target = raw.find(foreign.field);
    place += "/" + (target != raw.end() ? textOf(*target, "id") : std::string());
  }
  return place + fmt::format("/{}", std::get<size_t>(path.back()));
}

/// The id of an entity that gives neither id nor name: by its other keys, else by its place.
std::string DeclarativeFile::placedId(const Declared& entity, const Json& doc,
                                      const std::string& place) {
  const EntitySchema& schema = *entity.schema;
  bool keyed = false;
  for (const auto& key : schema.uniqueKeys(doc)) {
    const auto& madeUp = entity.madeUp;
    if (std::find(madeUp.begin(), madeUp.end(), key.field) != madeUp.end()) continue;
    keyed = true;
    if (options_.existing) {
      if (auto found = options_.existing(schema.kind(), key.field, key.value)) return *found;
    }
    if (key.field.find('+') != std::string::npos) return stableId(schema.kind(), key.value);
  }
  for (size_t attempt = 0;; ++attempt) {
    std::string id =
        stableId(schema.kind(), attempt == 0 ? place : fmt::format("{}/{}", place, attempt));
    // An entity with a key of its own must not take over another one that only stands there.
    if (index_.find(schema.kind(), "id", id)) continue;
    if (keyed && options_.existing && options_.existing(schema.kind(), "id", id)) continue;
    return id;
  }
}

/// The id of what a reference names, by name or id, as far as it is known.
std::optional<std::string> DeclarativeFile::targetOf(const schema::ForeignField& foreign,
                                                     const Json& reference) const {
  const bool named = reference.is_string();
  const std::string text = named ? reference.get<std::string>() : textOf(reference, "id");
  std::optional<std::string> found;
  if (schema::isUuid(text)) found = index_.find(foreign.targetKind, "id", lowerCase(text));
  const EntitySchema* target = EntitySchema::find(foreign.targetKind);
  if (!found && named && target != nullptr) {
    found = index_.find(foreign.targetKind, target->endpointKey(), text);
  }
  return found;
}

/// References by name or id to {"id":…}.
void DeclarativeFile::resolve(const EntitySchema& schema, Json& raw, const Path& path,
                              std::vector<FileError>& errors) {
  for (const auto& foreign : schema.foreignFields()) {
    auto value = raw.find(foreign.field);
    if (value == raw.end() || value->is_null()) continue;
    std::string text = value->is_string() ? value->get<std::string>() : textOf(*value, "id");
    bool object = value->is_object() && value->size() == 1 && schema::isUuid(text);
    if (!value->is_string() && !object) continue;  // the schema says what is wrong
    std::optional<std::string> found = targetOf(foreign, *value);
    if (!found) {
      Path field = path;
      field.emplace_back(foreign.field);
      std::string shown = value->is_string() ? text : value->dump();
      errors.push_back({std::move(field),
                        fmt::format("invalid reference '{}: {}' (no such entry in '{}')",
                                    foreign.field, shown, foreign.targetKind),
                        {},
                        true});
    }
    *value = {{"id", found.value_or(kNobody)}};
  }
}

}  // namespace tollgate::store
