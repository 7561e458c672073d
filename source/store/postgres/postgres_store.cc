#include "source/store/postgres/postgres_store.h"

#include <algorithm>
#include <system_error>

#include "source/base/hex.h"
#include "source/crypto/secret.h"
#include "source/store/postgres/postgres_connection.h"
#include "source/store/postgres/watcher.h"
#include "source/store/sql_store.h"

namespace tollgate::store {
namespace {

std::string randomName() { return toHex(crypto::randomBytes(8)); }

/// SqlStore, but for what Postgres cannot hold (and so does not contain), and for watch().
class PostgresStore final : public SqlStore {
 public:
  PostgresStore(PostgresSettings settings, std::string writer, KeyExtractor keys)
      : SqlStore("postgres", std::make_unique<PostgresConnection>(settings, writer),
                 std::move(keys)),
        settings_(std::move(settings)),
        writer_(std::move(writer)) {}

  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override {
    if (!isStorable(id)) return std::optional<Json>();
    return SqlStore::get(kind, id);
  }

  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override {
    if (!isStorable(value)) return std::optional<Json>();
    return SqlStore::getByUnique(kind, field, value);
  }

  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override {
    if (!isStorable(query.foreignId)) return std::vector<Json>();
    if (query.tags.empty() || std::all_of(query.tags.begin(), query.tags.end(), isStorable)) {
      return SqlStore::list(kind, query);
    }
    ListQuery possible = query;
    std::erase_if(possible.tags, [](const std::string& tag) { return !isStorable(tag); });
    if (query.allTags || possible.tags.empty()) return std::vector<Json>();
    return SqlStore::list(kind, possible);
  }

  NodeRegistry* nodes() override { return &registry(); }

  void watch(std::function<void()> changed) override {
    if (watcher_) return;
    try {
      watcher_ = std::make_unique<Watcher>(settings_, writer_, std::move(changed), heard_);
    } catch (const std::system_error&) {
      // No thread to be had: writes of other nodes are found by whoever asks for changesSince().
    }
  }

  Status broadcast(const std::string& message) override {
    return note(
        connection().execute("SELECT pg_notify($1, $2)",
                             {PostgresConnection::kChannel, Watcher::messageOf(writer_, message)}));
  }

  void onBroadcast(std::function<void(const std::string& message)> heard) override {
    heard_ = std::move(heard);
  }

 private:
  const PostgresSettings settings_;
  const std::string writer_;
  std::function<void(const std::string&)> heard_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace

Result<std::unique_ptr<Store>> openPostgres(PostgresSettings settings, KeyExtractor keys) {
  if (Status status = settings.check(); !status) return std::move(status).error();
  return std::unique_ptr<Store>(
      std::make_unique<PostgresStore>(std::move(settings), randomName(), std::move(keys)));
}

}  // namespace tollgate::store
