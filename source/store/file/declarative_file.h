#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/store/file/file_errors.h"
#include "source/store/file/key_index.h"

namespace tollgate::store {

/// One entity of a declarative file, complete and valid.
struct Declared {
  const schema::EntitySchema* schema = nullptr;
  std::string id;
  Json doc;  ///< As a store keeps it; references are by id.
  bool createdAtGiven = false, updatedAtGiven = false;  ///< By the file; else they are `now`.
  std::vector<std::string> madeUp = {};  ///< Fields with a random value: the file gives none.
};

struct DeclarativeOptions {
  double now = 0;                ///< Unix seconds: the timestamps that the file does not give.
  bool withoutDatabase = false;  ///< Refuse what wants a database (rate limits of policy cluster).
  /// The id under which an entity stands already, by "id" or by a unique key; a file's entity
  /// without an id takes it over. Without it, ids follow from names and places alone.
  std::function<std::optional<std::string>(std::string_view kind, std::string_view field,
                                           std::string_view value)>
      existing;
  std::function<void(size_t entities)> progress;  ///< From time to time, with how many were read.
  /// Entities that refer to something further down are handed on after it. They stand in memory
  /// until then, some 500 bytes each.
  bool parentsFirst = true;
};

/// A declarative file (format versions 1.1, 2.1 and 3.0): entities in lists named by their kind,
/// children nested below their parents, references by name or id. It is read twice: once for names,
/// so that references may point ahead, once for the entities. Only the names stand in memory, so
/// that a file may hold millions. One thread.
class DeclarativeFile {
 public:
  DeclarativeFile(TextSource source, DeclarativeOptions options);
  ~DeclarativeFile();

  /// Reads and checks everything and gives each entity, after those that it refers to. `each` is no
  /// longer called once something is wrong: see errors(). What it fails with ends the reading and
  /// is returned; else fails only if the text cannot be read.
  Status read(const std::function<Status(Declared)>& each);

  const FileErrors& errors() const { return errors_; }
  /// What is hardly meant, or has no effect: a line each, with its place as errors have theirs.
  /// Once errors() is empty; the first hundred.
  std::vector<std::string> warnings() const;
  const std::string& name() const { return source_.name; }
  size_t entities() const { return entities_; }
  /// False where the file says that its credentials are in their stored form already.
  bool transform() const { return transform_; }

 private:
  /// What a nested entity belongs to.
  struct Owner {
    std::string kind, id, field;
  };
  class Names;
  class Entities;
  friend class Names;
  friend class Entities;

  Result<bool> pass(DocumentSink& sink);
  void warn(FileError warning);
  void restart();
  std::optional<std::string> namedId(const schema::EntitySchema& schema, const Json& raw);
  std::string placeOf(const schema::EntitySchema& schema, const Json& raw, const Path& path,
                      const Owner* owner);
  std::string placedId(const Declared& entity, const Json& doc, const std::string& place);
  std::optional<std::string> targetOf(const schema::ForeignField& foreign,
                                      const Json& reference) const;
  void resolve(const schema::EntitySchema& schema, Json& raw, const Path& path,
               std::vector<FileError>& errors);

  TextSource source_;
  DeclarativeOptions options_;
  FileErrors errors_;
  std::vector<FileError> warnings_;
  size_t warningCount_ = 0;
  KeyIndex index_;
  bool refersAhead_ = false;  ///< Something refers to what stands further down.
  TextForm form_ = TextForm::kYaml;
  Json version_;
  bool transform_ = true;
  size_t entities_ = 0;
};

}  // namespace tollgate::store
