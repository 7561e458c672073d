#include "source/store/file/declarative_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "source/store/file/declared_kinds.h"
#include "source/store/file/file_hints.h"
#include "source/store/file/held_back.h"
#include "source/store/file/raw_record.h"
#include "source/store/file/yaml_scalar.h"

namespace tollgate::store {
namespace {

using schema::EntitySchema;

constexpr const char* kVersions[] = {"1.1", "2.1", "3.0"};
constexpr size_t kProgressInterval = 10000;

constexpr size_t kMaxWarnings = 100;

}  // namespace

/// The first reading: the head of the file, and which names and ids there are.
class DeclarativeFile::Names final : public DocumentSink {
 public:
  explicit Names(DeclarativeFile& file) : file_(file) {}

  void member(const std::string& name, Json value, Place place) override {
    auto wrong = [&](const char* text) {
      file_.errors_.add({{name}, text, place, false, hintForMember(name)});
    };
    if (name == "_format_version") {
      file_.version_ = std::move(value);
      versionPlace = place;
    } else if (name == "_transform") {
      if (value.is_string()) value = looseBoolean(value.get_ref<const std::string&>());
      if (!value.is_boolean()) return wrong("expected a boolean");
      file_.transform_ = value.get<bool>();
    } else if (name == "_comment") {
      if (!value.is_string()) wrong("expected a string");
    } else if (name == "_ignore") {
      if (!value.is_array()) wrong("expected an array");
    } else if (isPassedOver(name)) {
      file_.warn({{name}, "is of Kong's own export and has no effect here", place});
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
    notePlaceholders(value, {name, index});
  }

  void notARecord(const Json& value) override {
    // Nothing at all, or an empty list, only lacks its head.
    bool blank = value.is_null() || (value.is_array() && value.empty());
    if (blank && !emptyText) return;
    file_.errors_.setSyntax("expected an object", {});
  }

  void warning(const std::string& text, Place place) override {
    file_.warn({{}, text, place, false});
  }

  Place versionPlace;
  bool emptyText = false;

 private:
  void enter(const EntitySchema& schema, const Json& raw, const Path& path) {
    if (!raw.is_object()) return;
    if (auto id = file_.namedId(schema, raw)) claim(schema, raw, *id, path);
    file_.refersAhead_ = file_.refersAhead_ || refersAhead(schema, raw);
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

  /// A text that is one and valid all the same (a name, a key) is hardly meant.
  void notePlaceholders(const Json& value, const Path& path) {
    if (!holdsPlaceholder(value)) return;
    if (value.is_string()) {
      const Path below(path.begin() + depth_, path.end());
      return file_.warn({path, kNotReplaced, places_->find(below)});
    }
    for (auto part = value.begin(); part != value.end(); ++part) {
      Path deeper = path;
      if (value.is_object()) {
        deeper.emplace_back(part.key());
      } else {
        deeper.emplace_back(static_cast<size_t>(part - value.begin()));
      }
      notePlaceholders(*part, deeper);
    }
  }

  static bool holdsPlaceholder(const Json& value) {
    if (value.is_string()) return isPlaceholder(value.get_ref<const std::string&>(), false);
    return value.is_structured() && std::any_of(value.begin(), value.end(), holdsPlaceholder);
  }

  /// Whether something that the record refers to was not named so far.
  bool refersAhead(const EntitySchema& schema, const Json& raw) const {
    for (const auto& foreign : schema.foreignFields()) {
      auto value = raw.find(foreign.field);
      if (value == raw.end() || value->is_null()) continue;
      if (!file_.targetOf(foreign, *value)) return true;
    }
    return false;
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
  void warning(const std::string&, Place) override {}
  void item(const std::string& name, size_t index, Json value, const Places& places) override {
    const EntitySchema* schema = EntitySchema::find(name);
    if (schema == nullptr || !outcome.ok()) return;
    places_ = &places;
    take(*schema, std::move(value), {name, index}, nullptr);
  }

  /// At the end of the file.
  void finish() {
    if (outcome.ok() && file_.errors_.empty()) outcome = held_.giveAll(each_);
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
    std::vector<Below> below = takeNested(schema, raw, path, errors);
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
    completeLoosely(entity, std::move(raw), path, errors);
    if (!claimed) {
      // The keys that make the id are those of the completed document.
      entity.id = file_.placedId(entity, errors.empty() ? entity.doc : Json::object(), place);
      entity.doc["id"] = entity.id;
    }
    Owner self{schema.kind(), entity.id, ""};
    if (errors.empty()) checkUnique(entity, claimed.has_value(), path, errors);
    if (!errors.empty()) {
      report(schema, std::move(given), path, std::move(errors));
    } else if (outcome.ok() && file_.errors_.empty()) {
      handOn(std::move(entity));
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

  static std::vector<Below> takeNested(const EntitySchema& schema, Json& raw, const Path& path,
                                       std::vector<FileError>& errors) {
    std::vector<Below> out;
    for (const NestedKind& nested : nestedKinds(schema.kind())) {
      auto list = raw.find(nested.schema->kind());
      if (list == raw.end() || !holdsNested(*list)) continue;
      if (list->is_array()) {
        out.push_back({nested, std::move(*list)});
      } else if (!list->is_null() && !list->empty()) {
        Path place = path;
        place.emplace_back(nested.schema->kind());
        errors.push_back({std::move(place),
                          "expected an array",
                          {},
                          false,
                          "each element of a list begins with '- '"});
      }
      raw.erase(list);
    }
    return out;
  }

  /// Gives the entity, or keeps it until what it refers to was given.
  void handOn(Declared entity) {
    if (!file_.options_.parentsFirst || !file_.refersAhead_) {
      outcome = each_(std::move(entity));
      return;
    }
    for (const auto& key : entity.schema->foreignKeys(entity.doc)) {
      if (!file_.index_.isHandedOn(key.targetKind, "id", key.targetId)) return held_.add(entity);
    }
    file_.index_.markHandedOn(entity.schema->kind(), "id", entity.id);
    outcome = each_(std::move(entity));
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

  /// Like complete(), with YAML 1.1's booleans and numbers where a field is one.
  void completeLoosely(Declared& entity, Json raw, const Path& path,
                       std::vector<FileError>& errors) {
    noteMadeUp(entity, raw, path, errors);
    if (!places_->anyLoose()) return complete(entity, std::move(raw), path, errors);
    // Some errors show only once others are mended.
    constexpr int kAttempts = 4;
    const std::vector<FileError> before = errors;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      errors = before;
      complete(entity, raw, path, errors);
      if (!convertLoose(raw, errors, path.size(), *places_)) return;
    }
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

  /// Notes which keys and secrets the file leaves to chance. A key of which only a digest is kept
  /// would be known to nobody.
  void noteMadeUp(Declared& entity, const Json& raw, const Path& path,
                  std::vector<FileError>& errors) {
    const EntitySchema& schema = *entity.schema;
    for (const std::string& field : madeUpFields(schema.kind())) {
      auto given = raw.find(field);
      if (given != raw.end() && !given->is_null()) continue;
      const auto& kept = schema.atRestFields();
      const bool digest = std::any_of(kept.begin(), kept.end(), [&](const auto& one) {
        return one.field == field && one.how == schema::AtRest::kDigest;
      });
      Path place = path;
      place.emplace_back(field);
      if (digest) {
        errors.push_back({std::move(place),
                          "required field missing",
                          {},
                          false,
                          "one that is made up would be known to nobody: `openssl rand -hex 16` "
                          "makes one"});
        continue;
      }
      if (given != raw.end()) continue;
      entity.madeUp.push_back(field);
      if (!file_.options_.withoutDatabase) continue;
      const Path below(place.begin() + 2, place.end());
      file_.warn(
          {place, "is made up, and another one at each start; give one", places_->find(below)});
    }
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
    const bool listed = file_.errors_.total() < FileErrors::kMaxListed;
    for (FileError& error : errors) {
      if (error.hint.empty() && listed) error.hint = hintFor(schema, given, error, path.size());
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
  HeldBack held_;
  bool old_ = false;
};

DeclarativeFile::DeclarativeFile(TextSource source, DeclarativeOptions options)
    : source_(std::move(source)), options_(std::move(options)) {}

DeclarativeFile::~DeclarativeFile() = default;

Result<bool> DeclarativeFile::pass(DocumentSink& sink) {
  auto in = source_.open();
  if (!in) return std::move(in).error();
  return readDocument(**in, sink, form_);
}

void DeclarativeFile::warn(FileError warning) {
  if (++warningCount_ <= kMaxWarnings) warnings_.push_back(std::move(warning));
}

std::vector<std::string> DeclarativeFile::warnings() const {
  std::vector<std::string> out;
  for (const FileError& warning : warnings_) {
    out.push_back(source_.name + (warning.place.line > 0 ? ":" : ": ") + warning.line());
  }
  if (warningCount_ > warnings_.size()) {
    out.push_back(
        fmt::format("{}: {} more warnings", source_.name, warningCount_ - warnings_.size()));
  }
  return out;
}

void DeclarativeFile::restart() {
  errors_ = {};
  warnings_ = {};
  warningCount_ = 0;
  index_ = KeyIndex();
  version_ = Json();
  transform_ = true;
  refersAhead_ = false;
}

Status DeclarativeFile::read(const std::function<Status(Declared)>& each) {
  restart();
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
    form_ = first == '{' ? TextForm::kJson : TextForm::kPlainYaml;
    names.emptyText = first == EOF;
  }
  auto done = pass(names);
  if (done && !*done) {
    restart();
    form_ = TextForm::kYaml;
    done = pass(names);
  }
  if (!done) {
    if (done.error().kind != Error::Kind::kInvalid) return done.error();
    Place place;
    std::sscanf(done.error().place.c_str(), "%u:%u", &place.line, &place.column);
    errors_ = {};
    errors_.setSyntax(done.error().message, place);
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
  if (!done) return done.error();
  if (!*done) return Error::unavailable(source_.name + " changed while it was read");
  entities.finish();
  return entities.outcome;
}

}  // namespace tollgate::store
