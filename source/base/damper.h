#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/text_hash.h"

namespace tollgate {

/// For what may go wrong thousands of times a second and is to be told once in a while: at most one
/// line per interval for each key, with the number of those left out. A key says what would be told
/// twice: the service, the target and the cause, not the request.
///
/// Keys are kept in a table of fixed size. While it is full of keys whose interval is not over, new
/// ones are left out as well, so that lines stay bounded whoever picks the keys.
///
/// Threads: any; neither locks nor allocates. Two threads that bring a new key at the same instant
/// may both be admitted.
class Damper {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Damper(Clock::duration interval) : interval_(interval.count()) {}

  /// Lines that were left out since the last line that was not.
  struct LeftOut {
    uint64_t same = 0;    ///< Of this key.
    uint64_t others = 0;  ///< Of keys that no line was or will be written for.
    /// "", or for the end of the line: " (3 more like this one were not logged)".
    std::string text() const;
  };

  /// nullopt: this one is left out. Else a line is due, and tells of those before it.
  std::optional<LeftOut> admit(std::string_view key, Clock::time_point now);

 private:
  static constexpr size_t kSlots = 256;
  static constexpr size_t kWays = 8;  ///< Slots that a key may stand in.
  static constexpr int64_t kNever = INT64_MIN / 2;
  struct Slot {
    std::atomic<uint64_t> key{0};
    std::atomic<int64_t> lineAt{kNever};  ///< When the last line was written, in clock ticks.
    std::atomic<uint64_t> leftOut{0};
  };

  /// True for one of the threads that find the slot due at the same time.
  static bool take(Slot& slot, int64_t now, int64_t interval);

  const int64_t interval_;
  std::atomic<uint64_t> others_{0};
  std::array<Slot, kSlots> slots_;
};

}  // namespace tollgate
