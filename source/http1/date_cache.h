#pragma once

#include <ctime>
#include <string_view>

#include "source/event/event_loop.h"

namespace tollgate::http1 {

/// The "Date: ...\r\n" line of one worker (RFC 9110 section 6.6.1), formatted at most once a
/// second, when it is first asked for: a timer then forgets it as the second ends. The loop's
/// thread.
class DateCache final : private event::Timer {
 public:
  static constexpr size_t kLineBytes = 37;

  /// `loop`: says what time it is. It outlives the cache.
  explicit DateCache(event::EventLoop& loop) : loop_(&loop) {}
  /// Shows one moment for ever. `now`: seconds since the epoch.
  explicit DateCache(time_t now) { format(now); }

  /// The whole line with its CRLF.
  std::string_view line() {
    if (size_ == 0) refresh();
    return {line_, size_};
  }
  /// The value alone.
  std::string_view value() { return line().substr(6, kLineBytes - 8); }

 private:
  void onTimer() override { size_ = 0; }
  void refresh() {
    const int64_t millis = loop_->unixMillis();
    format(static_cast<time_t>(millis / 1000));
    loop_->arm(*this, event::Millis(1000 - millis % 1000));
  }
  void format(time_t now) {
    tm parts{};
    gmtime_r(&now, &parts);
    // strftime follows the C locale, which the gateway never changes.
    size_ = std::strftime(line_, sizeof line_, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  }

  event::EventLoop* loop_ = nullptr;
  size_t size_ = 0;
  char line_[64];
};

}  // namespace tollgate::http1
