#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "source/store/key_extractor.h"
#include "source/store/revision_history.h"
#include "source/store/sql.h"
#include "source/store/sql_node_registry.h"
#include "source/store/store.h"

namespace tollgate::store {

/// The store over any SqlConnection: documents with their keys in tables of their own, so that the
/// database itself refuses what the schemas forbid, and a numbered history of changes.
/// Threads: one at a time; reachable() from any.
class SqlStore : public Store {
 public:
  SqlStore(std::string name, std::unique_ptr<SqlConnection> connection, KeyExtractor keys);

  std::string name() const override { return name_; }
  Result<Revision> load(const std::function<void(Entity)>& each) override;
  Result<std::vector<Commit>> changesSince(Revision since) override;
  std::string mark() const override { return known_.token; }
  void resume(Revision revision, std::string mark) override {
    known_ = {revision, std::move(mark)};
  }
  Result<Revision> revision() override;
  std::variant<Commit, Refusal> transact(std::vector<Change> changes,
                                         const Reason& reason) override;
  std::variant<Revision, Refusal> transactBatches(
      const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) override;
  Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                   const std::vector<std::string>& ids) override;
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override;
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override;
  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override;
  bool reachable() const override { return reachable_.load(std::memory_order_relaxed); }
  bool writable() const override { return writable_.load(std::memory_order_relaxed); }
  void watch(std::function<void()>) override {}
  std::vector<Unreadable> unreadable() const override { return unreadable_; }
  History* history() override { return &history_; }

  Result<std::string> claimFact(std::string_view name, std::string_view value,
                                std::string_view replaced = {}) override;
  Result<std::string> fact(std::string_view name) override;
  Result<size_t> rewriteHistory(
      const std::function<bool(std::string_view kind, Json& doc)>& rewrite) override;

  Result<std::vector<int64_t>> takeCounters(const std::vector<CounterKey>& keys,
                                            const std::vector<int64_t>& limits) override;

  /// One numbered step of the tables' creation. Its statements can be run again; a released step is
  /// never changed, a later one is added.
  struct SchemaStep {
    std::string name;
    std::vector<std::string> statements;
  };
  /// All steps in order. `text` is the database's type for text that sorts by its bytes.
  static std::vector<SchemaStep> schema(std::string_view text = "TEXT");

 protected:
  SqlConnection& connection() { return *connection_; }
  /// The registry, for a database that several nodes share.
  NodeRegistry& registry() { return registry_; }
  Status note(Status status);

 private:
  struct Work;
  /// A revision and what tells it from others of the same number; "" of an older program's.
  struct Position {
    Revision revision = 0;
    std::string token;
  };
  struct DatabaseState;
  Status findReferences(Unreadable& row);
  Status checkDistance(Revision since);
  Status judge(Revision since, const DatabaseState& state) const;
  Status findNext(Work& work);
  Status begin(Work& work, const Reason& reason);
  Status checkExpected(Work& work, const Change& change, const std::optional<std::string>& old);
  struct Batch;
  Status applyBatch(Work& work, const std::vector<Change>& changes);
  Status putBatch(Work& work, const Change* first, const Change* last);
  Status checkBatch(Work& work, Batch& batch);
  Status writeBatch(Work& work, Batch& batch);
  Status readDocs(const std::string& kind, const std::vector<std::string>& ids,
                  const std::function<void(const std::string& id, std::string doc)>& each);
  Status apply(Work& work, const Change& change);
  Status put(Work& work, const Change& change);
  Status remove(Work& work, const std::string& kind, const std::string& id, bool exact);
  Status checkKeys(Work& work, const Change& change, const std::vector<schema::UniqueKey>& unique,
                   const std::vector<schema::ForeignKey>& foreign);
  Status forgetKeys(const Change& change);
  Status writeKeys(const Change& change, const std::vector<schema::UniqueKey>& unique,
                   const std::vector<schema::ForeignKey>& foreign);
  Status record(Work& work);
  Status commit(const Work& work);
  Result<std::optional<std::string>> one(std::string_view sql,
                                         const std::vector<SqlValue>& parameters);
  Result<bool> rewriteHistoryPage(
      std::string& revision, std::string& seq, size_t& changed,
      const std::function<bool(std::string_view kind, Json& doc)>& rewrite);
  void pruneCounters();

  std::string name_;
  std::unique_ptr<SqlConnection> connection_;
  KeyExtractor keys_;
  SqlHistory history_;
  SqlNodeRegistry registry_;
  Position known_;  ///< The last that was handed out.
  std::vector<Unreadable> unreadable_;
  std::atomic<bool> reachable_{true}, writable_{true};
  std::chrono::steady_clock::time_point nextPrune_{};
};

}  // namespace tollgate::store
