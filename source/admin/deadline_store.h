#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "source/store/forwarding_store.h"

namespace tollgate::admin {

/// A store for calls that have to end: reads after the deadline are kUnavailable, so that whatever
/// goes through many pages stops there. Writes are bounded by the store itself. Threads: as of
/// Store; begin() from any.
class DeadlineStore final : public store::ForwardingStore {
 public:
  using Clock = std::chrono::steady_clock;

  /// `inner` must outlive it.
  DeadlineStore(store::Store& inner, std::chrono::milliseconds limit)
      : ForwardingStore(inner), limit_(limit) {}

  /// A call begins.
  void begin() { deadline_ = (Clock::now() + limit_).time_since_epoch().count(); }

  Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                   const std::vector<std::string>& ids) override {
    if (isOver()) return over();
    return inner_->getMany(kind, ids);
  }
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override {
    if (isOver()) return over();
    return inner_->get(kind, id);
  }
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override {
    if (isOver()) return over();
    return inner_->getByUnique(kind, field, value);
  }
  Result<std::vector<Json>> list(std::string_view kind, const store::ListQuery& query) override {
    if (isOver()) return over();
    return inner_->list(kind, query);
  }

 private:
  bool isOver() const { return Clock::now().time_since_epoch().count() > deadline_; }
  Error over() const {
    return Error::unavailable("the call takes longer than admin_call_timeout (" +
                              std::to_string(limit_.count()) + " ms)");
  }

  const std::chrono::milliseconds limit_;
  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace tollgate::admin
