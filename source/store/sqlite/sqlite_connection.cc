#include "source/store/sqlite/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tollgate::store {

SqliteConnection::~SqliteConnection() {
  for (Prepared& each : statements_) sqlite3_finalize(each.statement);
  if (db_ != nullptr) sqlite3_close(db_);
}

Status SqliteConnection::open() {
  // SQLite would create the file readable by all; credentials are in it.
  bool file = path_ != kMemory;
  int fd = file ? ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (file && fd < 0) {
    return Error::unavailable("cannot open the store " + path_ + ": " + std::strerror(errno) +
                              "; give a writable folder as prefix");
  }
  if (file) ::close(fd);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path_.c_str(), &db_, flags, nullptr) != SQLITE_OK) return failure("open");
  sqlite3_busy_timeout(db_, 5000);
  for (const char* pragma :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON"}) {  // what was replaced may be a secret
    if (Status status = execute(pragma); !status) return status;
  }
  return {};
}

Status SqliteConnection::query(std::string_view sql, const std::vector<SqlValue>& parameters,
                               const std::function<void(const SqlRow&)>& row) {
  sqlite3_stmt* statement = prepare(sql);
  if (statement == nullptr) return failure("prepare");
  for (size_t i = 0; i < parameters.size(); ++i) {
    std::string name = "$" + std::to_string(i + 1);
    // Mostly they stand in order, which spares the search among hundreds.
    int index = static_cast<int>(i + 1);
    const char* there = sqlite3_bind_parameter_name(statement, index);
    if (there == nullptr || name != there) {
      index = sqlite3_bind_parameter_index(statement, name.c_str());
    }
    if (index == 0) continue;
    const SqlValue& value = parameters[i];
    if (value) {
      sqlite3_bind_text(statement, index, value->data(), static_cast<int>(value->size()),
                        SQLITE_TRANSIENT);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }
  int state;
  SqlRow values;
  while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
    values.clear();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      if (text == nullptr) {
        values.emplace_back();
      } else {
        values.emplace_back(
            std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement, i))));
      }
    }
    row(values);
  }
  Status status = state == SQLITE_DONE ? Status() : failure("run a statement on");
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

void SqliteConnection::rollback() {
  if (sqlite3_get_autocommit(db_) == 0) (void)execute("ROLLBACK");
}

sqlite3_stmt* SqliteConnection::prepare(std::string_view sql) {
  auto found = bySql_.find(sql);
  if (found != bySql_.end()) {
    statements_.splice(statements_.begin(), statements_, found->second);
    return statements_.front().statement;
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK ||
      statement == nullptr) {
    return nullptr;
  }
  if (statements_.size() >= kStatements) forgetOldest();
  statements_.push_front({std::string(sql), statement});
  bySql_.emplace(statements_.front().sql, statements_.begin());
  return statement;
}

/// Of those that are not running: a row of one statement may ask for another.
void SqliteConnection::forgetOldest() {
  for (auto at = statements_.end(); at != statements_.begin();) {
    --at;
    if (sqlite3_stmt_busy(at->statement) != 0) continue;
    bySql_.erase(at->sql);
    sqlite3_finalize(at->statement);
    statements_.erase(at);
    return;
  }
}

Error SqliteConnection::failure(const char* what) {
  int code = sqlite3_extended_errcode(db_);
  std::string text = std::string("cannot ") + what + " the store " + path_ + ": " +
                     (db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory");
  int primary = code & 0xff;
  damaged_ = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  if (damaged_) {
    text += "; restore the file from a backup, or move it away to start empty";
  }
  return Error::unavailable(text);
}

}  // namespace tollgate::store
