#pragma once

#include "source/http/filter.h"

namespace tollgate::config {

/// Stands for a plugin that cannot be made: what it may have guarded is not served without it.
/// Clients learn nothing of the cause; the log and /status name it. Any thread.
class RefusingFilter final : public http::HttpFilter {
 public:
  uint8_t hooks() const override { return http::kRequestHeaders; }
  http::Action onRequestHeaders(http::Exchange& exchange, http::StateSlot&) const override {
    exchange.replyError(503, "An unexpected error occurred");
    return http::Action::kPause;
  }
};

}  // namespace tollgate::config
