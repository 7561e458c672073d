#include "source/store/sqlite/sqlite_store.h"

#include "source/store/sql_store.h"
#include "source/store/sqlite/sqlite_connection.h"

namespace tollgate::store {
namespace {

Result<std::unique_ptr<Store>> open(const std::string& path, const char* name, KeyExtractor keys) {
  auto connection = std::make_unique<SqliteConnection>(path);
  if (Status status = connection->open(); !status) return std::move(status).error();
  for (const SqlStore::SchemaStep& step : SqlStore::schema()) {
    for (const std::string& statement : step.statements) {
      if (Status status = connection->execute(statement); !status) return std::move(status).error();
    }
  }
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
