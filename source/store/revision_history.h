#pragma once

#include <functional>

#include "source/store/history.h"
#include "source/store/sql.h"

namespace tollgate::store {

/// The history in the tables of the store. Revisions up to a floor count as gone, whether or not
/// their rows are deleted yet: so nobody ever reads half of one.
class SqlHistory final : public History {
 public:
  /// Both must outlive it; `note` is told how each statement ended.
  SqlHistory(SqlConnection& connection, std::function<Status(Status)> note)
      : connection_(connection), note_(std::move(note)) {}

  Result<std::vector<Entry>> list(Revision before, size_t limit) override;
  Result<Entry> entry(Revision revision) override;
  Result<std::vector<PastChange>> changes(Revision revision, size_t skip, size_t limit) override;
  Result<std::vector<LaterChange>> changedLater(Revision revision, size_t limit) override;
  Result<bool> prune(const Limits& limits) override;
  Result<Revision> advance(Revision beyond, const Reason& reason) override;

  /// Within a write transaction: the next revision's row, marked by `token`.
  static Status writeRevision(SqlConnection& connection, Revision revision, const Reason& reason,
                              const std::string& token);
  /// What tells a revision from another one of the same number.
  static std::string newToken();
  static constexpr const char* kFloor =
      "(SELECT value FROM store_state WHERE name = 'history_floor')";

 private:
  Result<std::vector<Entry>> select(const std::string& condition, Revision parameter, size_t limit);
  Result<Revision> floorFor(const Limits& limits);
  Status inTransaction(const std::function<Status()>& work);

  SqlConnection& connection_;
  std::function<Status(Status)> note_;
};

}  // namespace tollgate::store
