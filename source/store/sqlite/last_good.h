#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/store/sealed/protector.h"
#include "source/store/store.h"

namespace tollgate::store {

class SqliteConnection;

/// The node's own copy of the last configuration that it ran: one SQLite file (mode 0600) from
/// which it starts when its database is out of reach. One thread at a time.
class LastGood {
 public:
  /// `identity` names the database that the copy is of (PostgresSettings::identity()); a copy of
  /// another one is not used. A damaged file is moved aside (see notice()), and a new one begun.
  /// `protector` keeps secrets from the disk; null: documents are kept as they come. `conditions`
  /// are those under which documents become what this process makes of them: see savedMark().
  /// kUnavailable if the file can be neither opened nor created.
  static Result<std::unique_ptr<LastGood>> open(const std::string& path, std::string identity = {},
                                                std::shared_ptr<Protector> protector = nullptr,
                                                std::string conditions = {});
  ~LastGood();
  LastGood(const LastGood&) = delete;
  LastGood& operator=(const LastGood&) = delete;

  // `mark` is the revision's, see Store::mark(); "" where the copy is not all that the store has.

  /// Replaces the copy as a whole, which may be more than fits in memory: begin, keep every entity,
  /// and end, which tells of any trouble on the way; until then, and after abandoning it, the copy
  /// is as it was. Where the file turns out to be damaged the copy is empty, and a second attempt
  /// finds a new file.
  void beginReplacement();
  void keep(const Entity& entity);
  Status endReplacement(Revision revision, const std::string& mark = {});
  void abandonReplacement();
  /// Takes over one commit; one that the copy already has is ignored. kConflict, and no change, if
  /// the copy is not at the revision before: then it has to be replaced.
  Status apply(const Commit& commit, const std::string& mark = {});
  /// Calls `each` for every entity. kNotFound if there is no copy of this database; a damaged one
  /// is moved aside and reported as kNotFound, too. Where it fails, what was given is worth
  /// nothing.
  Result<Revision> load(const std::function<void(Entity)>& each);

  /// The revision of the copy. kNotFound where there is no copy of this database.
  Result<Revision> savedRevision();
  /// The mark of that revision, if a store can go on from this copy: it is whole, and the
  /// conditions are still those under which it was made; else "".
  Result<std::string> savedMark();
  /// What happened to a damaged file, for the log; "" while all is well.
  const std::string& notice() const { return notice_; }

 private:
  LastGood(std::string path, std::string identity, std::shared_ptr<Protector> protector,
           std::string conditions);
  Status begin();
  Status openFile();
  Status startAfresh(const std::string& cause);
  Status settle(Status status);
  Status write(const Commit& commit, const std::string& mark);
  Status put(const std::string& kind, const std::string& id, Json doc);
  Status finish(Revision revision, const std::string& mark);
  Result<std::map<std::string, std::string>> meta();
  Status setMeta(const char* key, const std::string& value);

  const std::string path_, identity_, conditions_;
  std::shared_ptr<Protector> protector_;
  std::string notice_;
  Status replacement_;  ///< The first trouble of the one under way.
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace tollgate::store
