#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "source/store/store.h"

namespace tollgate::store {

/// The past revisions of a store: who changed what, when, from where and why. Revisions are kept up
/// to a limit; the newest always is. Same thread as the store.
class History {
 public:
  struct Entry {
    Revision revision = 0;
    int64_t atMillis = 0;  ///< Since 1970, by the database's clock.
    Reason reason;
    size_t changes = 0;
    std::map<std::string, size_t> kinds;  ///< How many changes of each kind.
  };
  struct PastChange {
    std::string kind, id;
    std::optional<Json> before, after;  ///< Nothing: there was no such entity.
    bool unreadable = false;            ///< One of the two is not JSON (and stands as null).
  };
  /// A change of the same entity in a later revision.
  struct LaterChange {
    std::string kind, id;
    Revision revision = 0;
  };
  /// How much is kept, 0: without limit. What is over either limit goes.
  struct Limits {
    size_t revisions = 10'000;
    int64_t days = 0;
  };
  /// One step of prune() deletes at most so many changes, and so many revisions.
  static constexpr size_t kPruneAtOnce = 1000;

  virtual ~History() = default;

  /// Newest first, those before `before` (0: all).
  virtual Result<std::vector<Entry>> list(Revision before, size_t limit) = 0;
  /// kNotFound where it is not kept (any more).
  virtual Result<Entry> entry(Revision revision) = 0;
  /// In the order in which they were made, from the `skip`th.
  virtual Result<std::vector<PastChange>> changes(Revision revision, size_t skip, size_t limit) = 0;
  /// Later changes of the entities that `revision` changed: the first one of each entity.
  virtual Result<std::vector<LaterChange>> changedLater(Revision revision, size_t limit) = 0;

  /// One bounded step towards the limits; true if there is more to do.
  virtual Result<bool> prune(const Limits& limits) = 0;

  /// A new revision without changes, numbered above `beyond` and above all that there are: says
  /// that what the database holds is newer than what any node runs.
  virtual Result<Revision> advance(Revision beyond, const Reason& reason) = 0;
};

}  // namespace tollgate::store
