#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "source/store/file/file_errors.h"
#include "source/store/file/key_index.h"

namespace tollgate::store {

/// One entity of a declarative file, complete and valid.
struct Declared {
  const schema::EntitySchema* schema = nullptr;
  std::string id;
  Json doc;  ///< As a store keeps it; references are by id.
  bool createdAtGiven = false, updatedAtGiven = false;  ///< By the file; else they are `now`.
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
};

/// A declarative file (format versions 1.1, 2.1 and 3.0): entities in lists named by their kind,
/// children nested below their parents, references by name or id. It is read twice: once for names,
/// so that references may point ahead, once for the entities. Only the names stand in memory, so
/// that a file may hold millions. One thread.
class DeclarativeFile {
 public:
  DeclarativeFile(TextSource source, DeclarativeOptions options);
  ~DeclarativeFile();

  /// Reads and checks everything and gives each entity, parents before their children. `each` is no
  /// longer called once something is wrong: see errors(). What it fails with ends the reading and
  /// is returned; else fails only if the text cannot be read.
  Status read(const std::function<Status(Declared)>& each);

  const FileErrors& errors() const { return errors_; }
  const std::string& name() const { return source_.name; }
  size_t entities() const { return entities_; }
  /// False where the file says that its credentials are in their stored form already.
  bool transform() const { return transform_; }

 private:
  struct Owner;
  class Names;
  class Entities;
  friend class Names;
  friend class Entities;

  Status pass(DocumentSink& sink);
  std::optional<std::string> namedId(const schema::EntitySchema& schema, const Json& raw);
  std::string placeOf(const schema::EntitySchema& schema, const Json& raw, const Path& path,
                      const Owner* owner);
  std::string placedId(const schema::EntitySchema& schema, const Json& doc,
                       const std::string& place);
  void resolve(const schema::EntitySchema& schema, Json& raw, const Path& path,
               std::vector<FileError>& errors);

  TextSource source_;
  DeclarativeOptions options_;
  FileErrors errors_;
  KeyIndex index_;
  bool asJson_ = false;
  Json version_;
  bool transform_ = true;
  size_t entities_ = 0;
};

}  // namespace tollgate::store
