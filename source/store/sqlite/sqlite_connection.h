#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tollgate::store {

/// A connection to one SQLite file, written ahead and synced. Statements are kept prepared, as many
/// as kStatements, those that were used last. One thread at a time.
class SqliteConnection final : public SqlConnection {
 public:
  static constexpr const char* kMemory = ":memory:";  ///< The path of a database without a file.
  static constexpr size_t kStatements = 128;

  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  ~SqliteConnection() override;

  /// Opens the file, created with mode 0600 where there is none. Errors name the file and the
  /// remedy.
  Status open();
  /// Whether the last failure was a damaged file.
  bool damaged() const { return damaged_; }
  /// How many statements stand prepared.
  size_t prepared() const { return statements_.size(); }

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
  struct Prepared {
    std::string sql;
    sqlite3_stmt* statement;
  };
  sqlite3_stmt* prepare(std::string_view sql);
  void forgetOldest();
  Error failure(const char* what);

  std::string path_;
  sqlite3* db_ = nullptr;
  bool damaged_ = false;
  std::list<Prepared> statements_;  ///< The one used last comes first.
  std::unordered_map<std::string_view, std::list<Prepared>::iterator> bySql_;
};

}  // namespace tollgate::store
