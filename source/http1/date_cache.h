#pragma once

#include <cstring>
#include <ctime>
#include <string_view>

namespace tollgate::http1 {

/// The "Date: ...\r\n" line of one worker, formatted once a second. update() belongs at the start
/// of a loop pass.
class DateCache {
 public:
  static constexpr size_t kLineBytes = 37;

  /// `now`: seconds since the epoch.
  void update(time_t now) {
    if (now == second_ && size_ != 0) return;
    second_ = now;
    tm parts{};
    gmtime_r(&now, &parts);
    // strftime follows the C locale, which the gateway never changes.
    size_ = std::strftime(line_, sizeof line_, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  }
  /// The whole line with its CRLF.
  std::string_view line() {
    if (size_ == 0) update(std::time(nullptr));
    return {line_, size_};
  }
  /// The value alone.
  std::string_view value() { return line().substr(6, size_ - 8); }

 private:
  char line_[64];
  size_t size_ = 0;
  time_t second_ = 0;
};

}  // namespace tollgate::http1
