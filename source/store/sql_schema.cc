#include "source/store/sql_store.h"

namespace tollgate::store {
namespace {

using Statements = std::vector<std::string>;

Statements entityTables() {
  return {
      "CREATE TABLE IF NOT EXISTS entities (kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT "
      "NULL,"
      " PRIMARY KEY (kind, id))",
      "CREATE TABLE IF NOT EXISTS unique_keys (kind TEXT NOT NULL, field TEXT NOT NULL,"
      " value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, field, value),"
      " FOREIGN KEY (kind, id) REFERENCES entities (kind, id) ON DELETE CASCADE)",
      "CREATE INDEX IF NOT EXISTS unique_keys_owner ON unique_keys (kind, id)",
      "CREATE TABLE IF NOT EXISTS foreign_keys (kind TEXT NOT NULL, id TEXT NOT NULL,"
      " field TEXT NOT NULL, target_kind TEXT NOT NULL, target_id TEXT NOT NULL,"
      " on_delete TEXT NOT NULL, PRIMARY KEY (kind, id, field),"
      " FOREIGN KEY (kind, id) REFERENCES entities (kind, id) ON DELETE CASCADE,"
      " FOREIGN KEY (target_kind, target_id) REFERENCES entities (kind, id) ON DELETE RESTRICT)",
      "CREATE INDEX IF NOT EXISTS foreign_keys_target"
      " ON foreign_keys (target_kind, target_id, kind, field, id)",
      "CREATE TABLE IF NOT EXISTS tags (kind TEXT NOT NULL, id TEXT NOT NULL, tag TEXT NOT NULL,"
      " PRIMARY KEY (kind, tag, id),"
      " FOREIGN KEY (kind, id) REFERENCES entities (kind, id) ON DELETE CASCADE)",
      "CREATE INDEX IF NOT EXISTS tags_owner ON tags (kind, id)",
      "CREATE TABLE IF NOT EXISTS revisions (revision BIGINT PRIMARY KEY, at TEXT NOT NULL,"
      " actor TEXT NOT NULL, reason TEXT NOT NULL)",
      "CREATE TABLE IF NOT EXISTS changes (revision BIGINT NOT NULL, seq BIGINT NOT NULL,"
      " kind TEXT NOT NULL, id TEXT NOT NULL, before TEXT, after TEXT,"
      " PRIMARY KEY (revision, seq),"
      " FOREIGN KEY (revision) REFERENCES revisions (revision) ON DELETE CASCADE)",
  };
}

Statements counterTables() {
  return {
      "CREATE TABLE IF NOT EXISTS counters (identifier TEXT NOT NULL, period TEXT NOT NULL,"
      " service_id TEXT NOT NULL, route_id TEXT NOT NULL, window_start BIGINT NOT NULL,"
      " value BIGINT NOT NULL, expires_at BIGINT NOT NULL,"
      " PRIMARY KEY (identifier, period, service_id, route_id, window_start))",
      "CREATE INDEX IF NOT EXISTS counters_expiry ON counters (expires_at)",
  };
}

/// The registry of nodes, and what a history needs that is pruned and tells who wrote from where.
Statements nodeTables() {
  return {
      "CREATE TABLE IF NOT EXISTS nodes (id TEXT PRIMARY KEY, hostname TEXT NOT NULL,"
      " version TEXT NOT NULL, revision BIGINT NOT NULL, state TEXT NOT NULL,"
      " since BIGINT NOT NULL, seen_at BIGINT NOT NULL)",
      "CREATE TABLE IF NOT EXISTS store_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
      "INSERT INTO store_state (name, value) VALUES ('history_floor', 0) ON CONFLICT DO NOTHING",
      "ALTER TABLE revisions ADD COLUMN IF NOT EXISTS address TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE revisions ADD COLUMN IF NOT EXISTS token TEXT NOT NULL DEFAULT ''",
      "CREATE INDEX IF NOT EXISTS changes_entity ON changes (kind, id, revision)",
  };
}

Statements factTables() {
  return {"CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"};
}

}  // namespace

std::vector<SqlStore::SchemaStep> SqlStore::schema(std::string_view text) {
  std::vector<SchemaStep> steps = {{"001_entities", entityTables()},
                                   {"002_counters", counterTables()},
                                   {"002_nodes", nodeTables()},
                                   {"003_facts", factTables()}};
  constexpr std::string_view kText = " TEXT";
  for (SchemaStep& step : steps) {
    for (std::string& sql : step.statements) {
      for (size_t at = sql.find(kText); at != std::string::npos; at = sql.find(kText, at)) {
        sql.replace(at + 1, kText.size() - 1, text);
        at += 1 + text.size();
      }
    }
  }
  return steps;
}

}  // namespace tollgate::store
