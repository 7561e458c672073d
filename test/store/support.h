#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "source/store/postgres/migrations.h"
#include "source/store/postgres/postgres_store.h"
#include "source/store/sqlite/sqlite_store.h"
#include "test/support/postgres.h"

namespace tollgate::store {

/// Kinds of a small world: "parents" with unique names; "children" refer to one, with a cascade if
/// the field is "owner" and a restriction if it is "uses".
struct SmallWorld {
  static KeyExtractor keys() {
    KeyExtractor keys;
    keys.uniqueKeys = [](std::string_view, const Json& doc) {
      std::vector<schema::UniqueKey> out;
      if (doc.value("name", Json()).is_string()) {
        out.push_back({"name", doc["name"].get<std::string>(), Json{{"name", doc["name"]}}});
      }
      return out;
    };
    keys.foreignKeys = [](std::string_view, const Json& doc) {
      std::vector<schema::ForeignKey> out;
      for (const char* field : {"owner", "uses"}) {
        if (!doc.contains(field)) continue;
        auto onDelete = std::string(field) == "owner" ? schema::ForeignKey::OnDelete::kCascade
                                                      : schema::ForeignKey::OnDelete::kRestrict;
        out.push_back({field, "parents", doc[field]["id"].get<std::string>(), onDelete});
      }
      return out;
    };
    return keys;
  }
  static Change insert(std::string kind, std::string id, Json doc = Json::object()) {
    doc["id"] = id;
    return {Change::Op::kInsert, std::move(kind), std::move(id), std::move(doc)};
  }
  static Change remove(std::string kind, std::string id) {
    return {Change::Op::kDelete, std::move(kind), std::move(id), nullptr};
  }
  static Commit must(Store& store, std::vector<Change> changes) {
    auto result = store.transact(std::move(changes), {"tester", "because"});
    if (auto* refusal = std::get_if<Refusal>(&result)) {
      ADD_FAILURE() << "refused: " << refusal->message << refusal->fields.dump();
      return {};
    }
    return std::get<Commit>(result);
  }
};

/// Settings for a schema of its own, not yet bootstrapped, on the shared server.
inline PostgresSettings freshSchema(test::PostgresServer& server) {
  static std::atomic<int> count{0};
  PostgresSettings settings;
  settings.host = server.host();
  settings.port = server.port();
  settings.user = server.user();
  settings.password = server.password();
  settings.database = server.database();
  settings.schema = "test" + std::to_string(++count);
  return settings;
}

inline void bootstrap(const PostgresSettings& settings) {
  auto report = Migrations::open(settings).value()->bootstrap();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->exitCode, 0) << report->text;
  EXPECT_EQ(report->text.find("[warn]"), std::string::npos) << report->text;
}

/// An empty database of one kind, which can be opened several times.
class Database {
 public:
  virtual ~Database() = default;
  virtual std::unique_ptr<Store> open() = 0;
  static std::unique_ptr<Database> make(const std::string& kind);
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase() {
    std::string pattern = testing::TempDir() + "store.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SqliteDatabase() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/tollgate.db"; }
  std::unique_ptr<Store> open() override {
    auto opened = openSqlite(path(), SmallWorld::keys());
    if (!opened) ADD_FAILURE() << opened.error().text();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }

 private:
  std::string folder_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase() : settings(freshSchema(test::PostgresServer::shared())) {
    bootstrap(settings);
  }
  std::unique_ptr<Store> open() override {
    return openPostgres(settings, SmallWorld::keys()).value();
  }

  PostgresSettings settings;
};

inline std::unique_ptr<Database> Database::make(const std::string& kind) {
  if (kind == "sqlite") return std::make_unique<SqliteDatabase>();
  return std::make_unique<PostgresDatabase>();
}

}  // namespace tollgate::store
