#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/http/filter_factory.h"

namespace tollgate::filters::admin_auth {

/// Lines about refused callers, at most so many a minute; the rest is counted and told in the next
/// line that may be written. One thread.
class FailureLog {
 public:
  FailureLog(::tollgate::http::OperatorLog* log, uint32_t perMinute)
      : log_(log), perMinute_(perMinute) {}

  void add(int64_t unixMillis, std::string_view text) {
    const int64_t minute = unixMillis / 60000;
    if (minute != minute_) {
      minute_ = minute;
      written_ = 0;
    }
    if (log_ == nullptr) return;
    if (written_ >= perMinute_) {
      ++left_;
      return;
    }
    ++written_;
    std::string line(text);
    if (left_ > 0) line += " (" + std::to_string(left_) + " more were not logged)";
    left_ = 0;
    log_->warn(line);
  }

 private:
  ::tollgate::http::OperatorLog* log_;
  uint32_t perMinute_;
  uint32_t written_ = 0;
  uint64_t left_ = 0;
  int64_t minute_ = 0;
};

}  // namespace tollgate::filters::admin_auth
