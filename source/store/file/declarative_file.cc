#include "source/store/file/declarative_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "source/schema/rules.h"
#include "source/store/file/declared_kinds.h"
#include "source/store/file/stable_id.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

using schema::EntitySchema;

constexpr const char* kVersions[] = {"1.1", "2.1", "3.0"};
constexpr size_t kProgressInterval = 10000;
/// Stands in for a reference that could not be resolved, so that the rest can be checked.
constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";

/// Before 3.0 a path with characters of regular expressions was one.
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

/// Where credentials are not to be transformed, passwords are Kong's hashes of passwords.
void markHashed(const EntitySchema& schema, Json& raw) {
  for (const schema::AtRestField& field : schema.atRestFields()) {
    const std::string* value = field.in(raw);
    if (value == nullptr || field.how != schema::AtRest::kPassword) continue;
    std::string form = sha1Form(*value);
    if (StoredForm::parse(form)) field.set(raw, std::move(form));
  }
}

/// The errors of a schema as errors of a file, below `path`.
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

}  // namespace

/// What a nested entity belongs to.
struct DeclarativeFile::Owner {
  std::string kind, id, field;
};

/// The first reading: the head of the file, and which names and ids there are.
class DeclarativeFile::Names final : public DocumentSink {
 public:
  explicit Names(DeclarativeFile& file) : file_(file) {}

  void member(const std::string& name, Json value, Place place) override {
    auto wrong = [&](const char* text) { file_.errors_.add({{name}, text, place, false}); };
    if (name == "_format_version") {
      file_.version_ = std::move(value);
      versionPlace = place;
    } else if (name == "_transform") {
      if (!value.is_boolean()) return wrong("expected a boolean");
      file_.transform_ = value.get<bool>();
    } else if (name == "_comment") {
      if (!value.is_string()) wrong("expected a string");
    } else if (name == "_ignore") {
      if (!value.is_array()) wrong("expected an array");
    } else if (EntitySchema::find(name) == nullptr) {
      wrong("unknown field");
    } else if (!value.is_null() && !(value.is_structured() && value.empty())) {
      wrong("expected an array");
    }
  }

  void item(const std::string& name, size_t index, Json value, const Places& places) override {
    const EntitySchema* schema = EntitySchema::find(name);
    if (schema == nullptr) return;  // "_ignore", or unknown: told once, by member()
    places_ = &places;
    depth_ = 2;
    enter(*schema, value, {name, index});
  }

  void notARecord(const Json& value) override {
    // Nothing at all, or an empty list, only lacks its head.
    bool blank = value.is_null() || (value.is_array() && value.empty());
    if (blank && !emptyText) return;
    file_.errors_.setSyntax("failed parsing declarative configuration: expected an object", {1, 1});
  }

  Place versionPlace;
  bool emptyText = false;

 private:
  void enter(const EntitySchema& schema, const Json& raw, const Path& path) {
    if (!raw.is_object()) return;
    if (auto id = file_.namedId(schema, raw)) claim(schema, raw, *id, path);
    for (const NestedKind& nested : nestedKinds(schema.kind())) {
      auto list = raw.find(nested.schema->kind());
      if (list == raw.end() || !holdsNested(*list)) continue;
      for (size_t i = 0; i < list->size() && list->is_array(); ++i) {
        Path deeper = path;
        deeper.emplace_back(nested.schema->kind());
        deeper.emplace_back(i);
        enter(*nested.schema, (*list)[i], deeper);
      }
    }
  }

  void claim(const EntitySchema& schema, const Json& raw, const std::string& id, const Path& path) {
    const std::string& field = schema.endpointKey();
    std::string key = isNamed(schema.kind()) ? textOf(raw, field) : std::string();
    std::string what;
    if (!key.empty() && !file_.index_.add(schema.kind(), field, key, id)) {
      what = fmt::format("{} set to '{}'", field, key);
    } else if (!file_.index_.add(schema.kind(), "id", id, id)) {
      what = fmt::format("primary key set to '{}'", id);
    }
    if (what.empty()) return;
    Path below(path.begin() + depth_, path.end());
    FileErrors::EntityErrors entity{schema.kind(), key, raw, path, {}};
    for (const NestedKind& nested : nestedKinds(schema.kind())) {
      entity.entity.erase(nested.schema->kind());
    }
    entity.errors.push_back(
        {path,
         fmt::format("uniqueness violation: '{}' entity with {} already declared", schema.kind(),
                     what),
         places_->find(below), false});
    file_.errors_.addEntity(std::move(entity));
  }

  DeclarativeFile& file_;
  const Places* places_ = nullptr;
  std::ptrdiff_t depth_ = 2;  ///< How many steps of a path lead to the element.
};

/// The second reading: the entities.
class DeclarativeFile::Entities final : public DocumentSink {
 public:
  Entities(DeclarativeFile& file, const std::function<Status(Declared)>& each)
      : file_(file), each_(each) {
    old_ = file.version_ != "3.0";
  }

  void member(const std::string&, Json, Place) override {}
  void notARecord(const Json&) override {}
  void item(const std::string& name, size_t index, Json value, const Places& places) override {
    const EntitySchema* schema = EntitySchema::find(name);
    if (schema == nullptr || !outcome.ok()) return;
    places_ = &places;
    take(*schema, std::move(value), {name, index}, nullptr);
  }

  Status outcome;

 private:
  struct Below {
    NestedKind nested;
    Json list;
  };

  void take(const EntitySchema& schema, Json raw, const Path& path, const Owner* owner) {
    std::vector<FileError> errors;
    if (!raw.is_object()) {
      errors.push_back({path, "expected a record", {}, false});
      return report(schema, Json::object(), path, std::move(errors));
    }
    if (++file_.entities_ % kProgressInterval == 0 && file_.options_.progress) {
      file_.options_.progress(file_.entities_);
    }
    raw.erase("_comment");
    raw.erase("_ignore");
    std::vector<Below> below = takeNested(schema, raw);
    Json given = raw;
    if (owner != nullptr) {
      auto named = raw.find(owner->field);
      if (named != raw.end() && !named->is_null()) {
        Path field = path;
        field.emplace_back(owner->field);
        errors.push_back({std::move(field), "value must be null", {}, false});
      }
      raw.erase(owner->field);
    }
    file_.resolve(schema, raw, path, errors);
    if (owner != nullptr) raw[owner->field] = {{"id", owner->id}};
    if (old_ && schema.kind() == "routes") convertPaths(raw);
    if (!file_.transform_) markHashed(schema, raw);
    auto claimed = claimedId(schema, raw);
    Declared entity{&schema, claimed.value_or(""), {}, false, false};
    if (claimed) raw["id"] = *claimed;
    std::string place = file_.placeOf(schema, raw, path, owner);
    complete(entity, std::move(raw), path, errors);
    if (!claimed) {
      // The keys that make the id are those of the completed document.
      entity.id = file_.placedId(schema, errors.empty() ? entity.doc : Json::object(), place);
      entity.doc["id"] = entity.id;
    }
    Owner self{schema.kind(), entity.id, ""};
    if (errors.empty()) checkUnique(entity, claimed.has_value(), path, errors);
    if (!errors.empty()) {
      report(schema, std::move(given), path, std::move(errors));
    } else if (outcome.ok() && file_.errors_.empty()) {
      outcome = each_(std::move(entity));
    }
    for (Below& one : below) {
      self.field = one.nested.field;
      for (size_t i = 0; i < one.list.size(); ++i) {
        Path deeper = path;
        deeper.emplace_back(one.nested.schema->kind());
        deeper.emplace_back(i);
        take(*one.nested.schema, std::move(one.list[i]), deeper, &self);
      }
    }
  }

  static std::vector<Below> takeNested(const EntitySchema& schema, Json& raw) {
    std::vector<Below> out;
    for (const NestedKind& nested : nestedKinds(schema.kind())) {
      auto list = raw.find(nested.schema->kind());
      if (list == raw.end() || !holdsNested(*list)) continue;
      if (list->is_array()) out.push_back({nested, std::move(*list)});
      raw.erase(list);
    }
    return out;
  }

  /// The id under which the first reading has entered the entity.
  std::optional<std::string> claimedId(const EntitySchema& schema, const Json& raw) {
    std::string id = givenId(raw);
    if (!id.empty()) return id;
    if (!isNamed(schema.kind())) return {};
    std::string name = textOf(raw, schema.endpointKey());
    if (name.empty()) return {};
    return file_.index_.find(schema.kind(), schema.endpointKey(), name);
  }

  /// Checks and completes the document of `entity`.
  void complete(Declared& entity, Json raw, const Path& path, std::vector<FileError>& errors) {
    const EntitySchema& schema = *entity.schema;
    entity.createdAtGiven = raw.contains("created_at") && !raw["created_at"].is_null();
    Json updated = raw.value("updated_at", Json());
    entity.updatedAtGiven = !updated.is_null();
    schema::Violations violations;
    entity.doc = schema.write(schema::WriteMode::kInsert, std::move(raw), nullptr,
                              file_.options_.now, violations);
    if (entity.updatedAtGiven && violations.empty()) {
      std::string wrong = schema.checkField("updated_at", updated);
      if (!wrong.empty()) violations.fields["updated_at"] = wrong;
      entity.doc["updated_at"] = std::move(updated);
    }
    if (violations.empty()) checkWithoutDatabase(schema, entity.doc, violations);
    spread(violations.fields, path, errors);
  }

  /// Without a database no counters are shared through one.
  void checkWithoutDatabase(const EntitySchema& schema, const Json& doc,
                            schema::Violations& violations) {
    if (!file_.options_.withoutDatabase || schema.kind() != "plugins") return;
    if (textOf(doc, "name") != "rate-limiting" || !doc.contains("config")) return;
    if (textOf(doc["config"], "policy") == "cluster") {
      violations.fields["config"]["policy"] = "expected one of: local, redis";
    }
  }

  /// What the first reading could not know: keys beside the one that names the entity.
  void checkUnique(const Declared& entity, bool claimed, const Path& path,
                   std::vector<FileError>& errors) {
    const EntitySchema& schema = *entity.schema;
    bool named = isNamed(schema.kind());
    auto violation = [&](const std::string& what) {
      errors.push_back({path,
                        fmt::format("uniqueness violation: '{}' entity with {} already declared",
                                    schema.kind(), what),
                        {},
                        false});
    };
    if (!claimed && !file_.index_.add(schema.kind(), "id", entity.id, entity.id)) {
      return violation(fmt::format("primary key set to '{}'", entity.id));
    }
    for (const auto& key : schema.uniqueKeys(entity.doc)) {
      if (named && key.field == schema.endpointKey()) continue;
      if (file_.index_.add(schema.kind(), key.field, key.value, entity.id)) continue;
      bool plain = key.fields.size() == 1 && key.field.find('+') == std::string::npos;
      const std::string shown = schema.isSecret(key.field) ? "******" : key.value;
      violation(plain ? fmt::format("{} set to '{}'", key.field, shown)
                      : fmt::format("the same {}", fmt::join(names(key.fields), ", ")));
    }
  }

  static std::vector<std::string> names(const Json& fields) {
    std::vector<std::string> out;
    for (const auto& [name, value] : fields.items()) out.push_back(name);
    return out;
  }

  void report(const EntitySchema& schema, Json given, const Path& path,
              std::vector<FileError> errors) {
    for (FileError& error : errors) {
      Path below(error.path.begin() + 2, error.path.end());
      if (!below.empty() && below.back() == PathStep("@entity")) below.pop_back();
      error.place = places_->find(below);
    }
    std::string key = textOf(given, schema.endpointKey());
    file_.errors_.addEntity({schema.kind(), key, std::move(given), path, std::move(errors)});
  }

  DeclarativeFile& file_;
  const std::function<Status(Declared)>& each_;
  const Places* places_ = nullptr;
  bool old_ = false;
};

DeclarativeFile::DeclarativeFile(TextSource source, DeclarativeOptions options)
    : source_(std::move(source)), options_(std::move(options)) {}

DeclarativeFile::~DeclarativeFile() = default;

Status DeclarativeFile::pass(DocumentSink& sink) {
  auto in = source_.open();
  if (!in) return std::move(in).error();
  return readDocument(**in, sink, asJson_);
}

Status DeclarativeFile::read(const std::function<Status(Declared)>& each) {
  errors_ = {};
  entities_ = 0;
  Names names(*this);
  {
    auto in = source_.open();
    if (!in) return std::move(in).error();
    int first = (*in)->peek();
    while (first != EOF && std::isspace(first)) {
      (*in)->get();
      first = (*in)->peek();
    }
    asJson_ = first == '{';
    names.emptyText = first == EOF;
  }
  auto retry = [&] {  // YAML that only begins like JSON
    errors_ = {};
    index_ = KeyIndex();
    version_ = Json();
    transform_ = true;
    asJson_ = false;
  };
  Status done = pass(names);
  if (!done && asJson_ && done.error().kind == Error::Kind::kInvalid) {
    retry();
    done = pass(names);
  }
  if (!done) {
    if (done.error().kind != Error::Kind::kInvalid) return done;
    Place place;
    std::sscanf(done.error().place.c_str(), "%u:%u", &place.line, &place.column);
    errors_ = {};
    errors_.setSyntax("failed parsing declarative configuration: " + done.error().text(), place);
    return {};
  }
  if (errors_.syntax()) return {};
  const char* wrong = nullptr;
  if (version_.is_null()) {
    wrong = "required field missing";
  } else if (!version_.is_string()) {
    wrong = "expected a string";
  } else if (std::find(std::begin(kVersions), std::end(kVersions), version_) ==
             std::end(kVersions)) {
    wrong = "expected one of: 1.1, 2.1, 3.0";
  }
  if (wrong != nullptr) errors_.add({{"_format_version"}, wrong, names.versionPlace, false});
  Entities entities(*this, each);
  done = pass(entities);
  return done.ok() ? entities.outcome : done;
}

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
std::string DeclarativeFile::placedId(const EntitySchema& schema, const Json& doc,
                                      const std::string& place) {
  bool keyed = false;
  for (const auto& key : schema.uniqueKeys(doc)) {
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

/// References by name or id to {"id":…}.
void DeclarativeFile::resolve(const EntitySchema& schema, Json& raw, const Path& path,
                              std::vector<FileError>& errors) {
  for (const auto& foreign : schema.foreignFields()) {
    auto value = raw.find(foreign.field);
    if (value == raw.end() || value->is_null()) continue;
    const EntitySchema* target = EntitySchema::find(foreign.targetKind);
    std::string text = value->is_string() ? value->get<std::string>() : textOf(*value, "id");
    bool object = value->is_object() && value->size() == 1 && schema::isUuid(text);
    if (!value->is_string() && !object) continue;  // the schema says what is wrong
    std::optional<std::string> found;
    if (schema::isUuid(text)) found = index_.find(foreign.targetKind, "id", lowerCase(text));
    if (!found && !object && target != nullptr) {
      found = index_.find(foreign.targetKind, target->endpointKey(), text);
    }
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
