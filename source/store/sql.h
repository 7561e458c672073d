#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

/// The little of a SQL database that the stores need, so that one algorithm serves SQLite and
/// Postgres.
namespace tollgate::store {

using SqlValue = std::optional<std::string>;  ///< nullopt is NULL.
using SqlRow = std::vector<SqlValue>;

/// One connection. Statements number their parameters $1, $2, …; all values travel as text.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  /// Runs a statement and calls `row` for each row of its result.
  virtual Status query(std::string_view sql, const std::vector<SqlValue>& parameters,
                       const std::function<void(const SqlRow&)>& row) = 0;
  /// As query() without parameters, for a result of any length: limits of time hold for a part of
  /// it, not for the whole, however slowly `row` takes it. Not within a transaction.
  virtual Status queryLong(const std::string& sql, const std::function<void(const SqlRow&)>& row) {
    return query(sql, {}, row);
  }
  Status execute(std::string_view sql, const std::vector<SqlValue>& parameters = {}) {
    return query(sql, parameters, [](const SqlRow&) {});
  }
  /// An expression: milliseconds since 1970 by the database's clock, as an integer.
  virtual std::string nowMillis() const = 0;
  /// Begins a transaction in which this connection is the only writer of documents and revisions.
  virtual Status beginWrite() = 0;
  /// As beginWrite(), for a transaction of very many rows.
  virtual Status beginBulk() { return beginWrite(); }
  /// Begins a transaction that locks only the rows that it writes; a crash of the server may lose
  /// it.
  virtual Status beginCount() = 0;
  /// After an error nothing was written, unless the text says that the outcome is unknown.
  virtual Status commit() = 0;
  /// Whether the answer to the last commit() was lost and its outcome looked up by the number of
  /// the transaction. A server that crashed gives numbers that it had not written down to others:
  /// who must be sure looks for what the transaction wrote.
  virtual bool settled() const { return false; }
  /// commit() where nothing would tell a stranger's transaction from this one: what was only looked
  /// up then is unknown.
  Status commitForSure() {
    Status status = commit();
    if (!status.ok() || !settled()) return status;
    return Error::unavailable(std::string("the connection was lost") + kOutcomeUnknown);
  }
  static constexpr const char* kOutcomeUnknown =
      " (outcome unknown: the commit was sent but not answered; look whether the change is there"
      " before you repeat it)";
  virtual void rollback() = 0;
};

}  // namespace tollgate::store
