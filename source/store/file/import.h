#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/store/file/declarative_file.h"
#include "source/store/store.h"

namespace tollgate::store {

/// What taking up a declarative file changes, or would.
struct ImportCounts {
  size_t created = 0, updated = 0, removed = 0, unchanged = 0;
  bool any() const { return created + updated + removed > 0; }
};

/// How a reading of a file against a store ended: by errors of the file, by a refusal, or well.
struct ImportOutcome {
  FileErrors errors;
  std::vector<std::string> warnings;  ///< See DeclarativeFile::warnings().
  std::optional<Refusal> refusal;
  ImportCounts counts;
  Revision revision = 0;  ///< Of the import; 0 where nothing was to be changed.
  bool ok() const { return errors.empty() && !refusal; }
};

struct ImportOptions {
  double now = 0;  ///< Unix seconds.
  Reason reason;
  std::function<void(size_t entities)> progress;
};

/// Writes what the file declares into `store`: one transaction, all or nothing. What the file does
/// not name stays as it is; an entity that stands there already (by id, else by name) is updated
/// and keeps its creation time; what is equal is not written. Memory grows with the number of
/// entities by some 50 bytes each. Fails only where the file cannot be read.
Result<ImportOutcome> importFile(Store& store, TextSource source, const ImportOptions& options);

/// Calls `each` for every change that importFile() would make (`before` is null for what is new);
/// writes nothing.
using DiffCallback = std::function<void(const Change& change, const Json& before)>;
Result<ImportOutcome> diffFile(Store& store, TextSource source, const ImportOptions& options,
                               const DiffCallback& each);

/// The changes that make `store` hold exactly what the file declares, deletions included, in an
/// order in which they can be applied. For the files of nodes without a database, which stand in
/// memory as a whole.
struct Replacement {
  FileErrors errors;
  std::vector<std::string> warnings;  ///< See DeclarativeFile::warnings().
  std::vector<Change> changes;
  std::vector<Declared> entities;  ///< Everything that the file declares, in its order.
};
Result<Replacement> planReplacement(Store& store, TextSource source, double now);

}  // namespace tollgate::store
