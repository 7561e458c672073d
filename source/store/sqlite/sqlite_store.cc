#include "source/store/sqlite/sqlite_store.h"

#include "source/store/sql_store.h"
#include "source/store/sqlite/sqlite_connection.h"

namespace tollgate::store {
namespace {

/// SQLite has no ADD COLUMN IF NOT EXISTS; a step that is noted does not run again.
std::string inDialect(std::string sql) {
  constexpr std::string_view kClause = "ADD COLUMN IF NOT EXISTS";
  size_t at = sql.find(kClause);
  return at == std::string::npos ? sql : sql.replace(at, kClause.size(), "ADD COLUMN");
}

/// Runs a step, unless it is noted as done, and notes it: all or nothing.
Status runStep(SqliteConnection& connection, const SqlStore::SchemaStep& step) {
  bool done = false;
  Status status = connection.query("SELECT name FROM schema_migrations WHERE name = $1",
                                   {step.name}, [&](const SqlRow&) { done = true; });
  if (!status || done) return status;
  for (const std::string& sql : step.statements) {
    if (status.ok()) status = connection.execute(inDialect(sql));
  }
  if (!status) return status;
  return connection.execute("INSERT INTO schema_migrations (name) VALUES ($1)", {step.name});
}

Status migrate(SqliteConnection& connection) {
  Status status = connection.execute(
      "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT NOT NULL PRIMARY KEY)");
  if (status.ok()) status = connection.beginWrite();
  if (!status) return status;
  for (const SqlStore::SchemaStep& step : SqlStore::schema()) {
    if (status.ok()) status = runStep(connection, step);
  }
  if (status.ok()) status = connection.commit();
  if (!status) connection.rollback();
  return status;
}

Result<std::unique_ptr<Store>> open(const std::string& path, const char* name, KeyExtractor keys) {
  auto connection = std::make_unique<SqliteConnection>(path);
  if (Status status = connection->open(); !status) return std::move(status).error();
  if (Status status = migrate(*connection); !status) return std::move(status).error();
  return std::unique_ptr<Store>(
      std::make_unique<SqlStore>(name, std::move(connection), std::move(keys)));
}

}  // namespace

Result<std::unique_ptr<Store>> openSqlite(const std::string& path, KeyExtractor keys) {
  return open(path, "embedded", std::move(keys));
}

Result<std::unique_ptr<Store>> openMemory(KeyExtractor keys) {
  return open(SqliteConnection::kMemory, "off", std::move(keys));
}

}  // namespace tollgate::store
