#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "source/store/store.h"

namespace tollgate::store {

/// A store that stands before another one and changes nothing: for those that change some of it,
/// which override that. Threads: as of the store behind.
class ForwardingStore : public Store {
 public:
  std::string name() const override { return inner_->name(); }
  Result<Revision> load(const std::function<void(Entity)>& each) override {
    return inner_->load(each);
  }
  Result<std::vector<Commit>> changesSince(Revision since) override {
    return inner_->changesSince(since);
  }
  std::string mark() const override { return inner_->mark(); }
  void resume(Revision revision, std::string mark) override {
    inner_->resume(revision, std::move(mark));
  }
  std::vector<Unreadable> unreadable() const override { return inner_->unreadable(); }
  Result<Revision> revision() override { return inner_->revision(); }
  std::variant<Commit, Refusal> transact(std::vector<Change> changes,
                                         const Reason& reason) override {
    return inner_->transact(std::move(changes), reason);
  }
  std::variant<Revision, Refusal> transactBatches(
      const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) override {
    return inner_->transactBatches(produce, reason);
  }
  void matchStored(std::string_view kind, Json& given, const Json& stored) override {
    inner_->matchStored(kind, given, stored);
  }
  Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                   const std::vector<std::string>& ids) override {
    return inner_->getMany(kind, ids);
  }
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override {
    return inner_->get(kind, id);
  }
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override {
    return inner_->getByUnique(kind, field, value);
  }
  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override {
    return inner_->list(kind, query);
  }
  History* history() override { return inner_->history(); }
  NodeRegistry* nodes() override { return inner_->nodes(); }
  bool reachable() const override { return inner_->reachable(); }
  bool writable() const override { return inner_->writable(); }
  void watch(std::function<void()> changed) override { inner_->watch(std::move(changed)); }
  Status broadcast(const std::string& message) override { return inner_->broadcast(message); }
  void onBroadcast(std::function<void(const std::string& message)> heard) override {
    inner_->onBroadcast(std::move(heard));
  }
  Result<std::string> claimFact(std::string_view name, std::string_view value,
                                std::string_view replaced) override {
    return inner_->claimFact(name, value, replaced);
  }
  Result<size_t> rewriteHistory(
      const std::function<bool(std::string_view kind, Json& doc)>& rewrite) override {
    return inner_->rewriteHistory(rewrite);
  }
  Result<std::string> fact(std::string_view name) override { return inner_->fact(name); }
  Result<std::vector<int64_t>> takeCounters(const std::vector<CounterKey>& keys,
                                            const std::vector<int64_t>& limits) override {
    return inner_->takeCounters(keys, limits);
  }

 protected:
  /// `inner` must outlive it, or be its own.
  explicit ForwardingStore(Store& inner) : inner_(&inner) {}

  Store* const inner_;
};

}  // namespace tollgate::store
