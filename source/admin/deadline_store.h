#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/store/store.h"

namespace tollgate::admin {

/// A store for calls that have to end: reads after the deadline are kUnavailable, so that whatever
/// goes through many pages stops there. Writes are bounded by the store itself. Threads: as of
/// Store; begin() from any.
class DeadlineStore final : public store::Store {
 public:
  using Clock = std::chrono::steady_clock;

  /// `inner` must outlive it.
  DeadlineStore(store::Store& inner, std::chrono::milliseconds limit)
      : inner_(inner), limit_(limit) {}

  /// A call begins.
  void begin() { deadline_ = (Clock::now() + limit_).time_since_epoch().count(); }

  std::string name() const override { return inner_.name(); }
  Result<store::Revision> load(const std::function<void(store::Entity)>& each) override {
    return inner_.load(each);
  }
  Result<std::vector<store::Commit>> changesSince(store::Revision since) override {
    return inner_.changesSince(since);
  }
  Result<store::Revision> revision() override { return inner_.revision(); }
  std::variant<store::Commit, store::Refusal> transact(std::vector<store::Change> changes,
                                                       const store::Reason& reason) override {
    return inner_.transact(std::move(changes), reason);
  }
  void matchStored(std::string_view kind, store::Json& given, const store::Json& stored) override {
    inner_.matchStored(kind, given, stored);
  }
  Result<std::vector<std::optional<store::Json>>> getMany(
      std::string_view kind, const std::vector<std::string>& ids) override {
    if (isOver()) return over();
    return inner_.getMany(kind, ids);
  }
  Result<std::optional<store::Json>> get(std::string_view kind, std::string_view id) override {
    if (isOver()) return over();
    return inner_.get(kind, id);
  }
  Result<std::optional<store::Json>> getByUnique(std::string_view kind, std::string_view field,
                                                 std::string_view value) override {
    if (isOver()) return over();
    return inner_.getByUnique(kind, field, value);
  }
  Result<std::vector<store::Json>> list(std::string_view kind,
                                        const store::ListQuery& query) override {
    if (isOver()) return over();
    return inner_.list(kind, query);
  }
  std::vector<store::Unreadable> unreadable() const override { return inner_.unreadable(); }
  store::History* history() override { return inner_.history(); }
  store::NodeRegistry* nodes() override { return inner_.nodes(); }
  bool reachable() const override { return inner_.reachable(); }
  bool writable() const override { return inner_.writable(); }
  void watch(std::function<void()> changed) override { inner_.watch(std::move(changed)); }
  Status broadcast(const std::string& message) override { return inner_.broadcast(message); }

 private:
  bool isOver() const { return Clock::now().time_since_epoch().count() > deadline_; }
  Error over() const {
    return Error::unavailable("the call takes longer than admin_call_timeout (" +
                              std::to_string(limit_.count()) + " ms)");
  }

  store::Store& inner_;
  const std::chrono::milliseconds limit_;
  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace tollgate::admin
