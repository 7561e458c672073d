#pragma once

#include "source/http/filter_factory.h"
#include "source/server/control.h"

namespace tollgate::server {

/// Rate-limit counters in the store: takes them on the control thread and answers on the worker's.
class StoreCounters final : public http::SharedCounters {
 public:
  /// Before the first take(); `control` must outlive the workers.
  void use(Control& control) { control_ = &control; }
  void take(event::EventLoop& loop, std::vector<Key> keys, std::vector<int64_t> limits,
            std::function<void(bool ok, std::vector<int64_t> usages)> done) override;

 private:
  Control* control_ = nullptr;
};

}  // namespace tollgate::server
