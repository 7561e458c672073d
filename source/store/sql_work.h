#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/store/sql_store.h"

/// What the parts of SqlStore share; of no use to others.
namespace tollgate::store {

/// A transaction under way.
struct SqlStore::Work {
  Commit commit;
  std::string token;         ///< Of the revision.
  std::vector<Json> before;  ///< One for each change of `commit`.
  size_t recorded = 0;       ///< How many changes of the revision are in the history.
  std::optional<Refusal> refusal;

  Status refuse(Refusal::Kind kind, const std::string& entityKind, std::string field, Json fields,
                std::string otherKind = {}) {
    Refusal out;
    out.kind = kind;
    out.entityKind = entityKind;
    out.field = std::move(field);
    out.fields = std::move(fields);
    out.otherKind = std::move(otherKind);
    refusal = std::move(out);
    return Error::conflict("refused");
  }
};

/// What is wrong with a document that is none.
inline constexpr const char* kNotJson = "not a JSON object";

inline Error unreadableRow(std::string_view kind, std::string_view id) {
  return Error::internal("the stored entity " + std::string(kind) + "/" + std::string(id) +
                         " cannot be read (" + kNotJson +
                         "): DELETE it or PUT it anew by its id, or repair its row");
}

inline SqlValue nullable(const Json& doc) {
  return doc.is_null() ? SqlValue()
                       : SqlValue(doc.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Rows gathered for one kind of statement and run many at once: the database may be far away.
/// Statements come in few sizes, since connections keep what they have prepared.
class MultiRow {
 public:
  /// `row` has a '?' for each parameter; `after` follows the last row.
  MultiRow(SqlConnection& connection, std::string before, std::string row, std::string after)
      : connection_(connection),
        before_(std::move(before)),
        row_(std::move(row)),
        after_(std::move(after)) {}

  void add(std::vector<SqlValue> values) { rows_.push_back(std::move(values)); }
  bool empty() const { return rows_.empty(); }
  /// Runs what was added; `each` is given the rows of the results.
  Status run(const std::function<void(const SqlRow&)>& each = [](const SqlRow&) {});

 private:
  SqlConnection& connection_;
  const std::string before_, row_, after_;
  std::vector<std::vector<SqlValue>> rows_;
};

}  // namespace tollgate::store
