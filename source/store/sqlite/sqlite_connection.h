#pragma once

#include <string>
#include <unordered_map>

#include "source/store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tollgate::store {

/// A connection to one SQLite file, written ahead and synced. One thread at a time.
class SqliteConnection final : public SqlConnection {
 public:
  static constexpr const char* kMemory = ":memory:";  ///< The path of a database without a file.

  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  ~SqliteConnection() override;

  /// Opens the file, created with mode 0600 where there is none. Errors name the file and the
  /// remedy.
  Status open();
  /// Whether the last failure was a damaged file.
  bool damaged() const { return damaged_; }

  Status query(std::string_view sql, const std::vector<SqlValue>& parameters,
               const std::function<void(const SqlRow&)>& row) override;
  std::string nowMillis() const override {
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
  }
  Status beginWrite() override { return execute("BEGIN IMMEDIATE"); }
  /// With room for the inner pages of all indexes: rows come in no order, and a page that is read
  /// again for each costs more than the row. The room is given back with the connection.
  Status beginBulk() override {
    Status status = execute("PRAGMA cache_size = -131072");  // KiB
    return status.ok() ? beginWrite() : status;
  }
  Status beginCount() override { return beginWrite(); }
  Status commit() override { return execute("COMMIT"); }
  void rollback() override;

 private:
  sqlite3_stmt* prepare(std::string_view sql);
  Error failure(const char* what);

  std::string path_;
  sqlite3* db_ = nullptr;
  bool damaged_ = false;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace tollgate::store
