#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tollgate::http2 {

/// What a connection pays for, in points. Ordinary clients do little of it.
enum class Cost : uint8_t {
  kEarlyReset,     ///< The client reset a stream before its response was complete.
  kProvokedReset,  ///< We had to reset a stream because of what the client sent.
  kRefusedStream,  ///< A stream beyond the limit of concurrent ones.
  kEmptyFrame,     ///< DATA without content that ends nothing.
  kPing,
  kSettings,
  kPriority,
  kWindowUpdate,  ///< One that is not covered by DATA we sent.
  kOddity,        ///< Anything else that is invalid and that the session survives.
};
constexpr size_t kCosts = static_cast<size_t>(Cost::kOddity) + 1;

/// "early_reset": stable, for metrics.
constexpr std::string_view nameOf(Cost cost) {
  constexpr std::string_view kNames[kCosts] = {"early_reset", "provoked_reset", "refused_stream",
                                               "empty_frame", "ping",           "settings",
                                               "priority",    "window_update",  "oddity"};
  return kNames[static_cast<size_t>(cost)];
}

/// The account of one connection: it starts full, refills slowly, successful responses give back.
/// Low: new streams wait a beat. Empty: the connection ends with ENHANCE_YOUR_CALM. One thread.
class CostAccount {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr int32_t kStart = 1000;
  static constexpr int32_t kRefillPerSecond = 25;
  static constexpr int32_t kSuccessReward = 10;

  explicit CostAccount(TimePoint now) : refilled_(now) {}

  static constexpr int32_t price(Cost cost) {
    switch (cost) {
      case Cost::kEarlyReset:
      case Cost::kProvokedReset:
        return 20;
      case Cost::kOddity:
        return 5;
      case Cost::kRefusedStream:
        return 2;
      default:
        return 1;
    }
  }

  void charge(Cost cost, TimePoint now) {
    refill(now);
    points_ = std::max(0, points_ - price(cost));
  }
  void reward() { points_ = std::min(kStart, points_ + kSuccessReward); }

  int32_t points() const { return points_; }
  bool low() const { return points_ <= kStart / 2; }
  bool empty() const { return points_ == 0; }

 private:
  void refill(TimePoint now) {
    auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_).count();
    int64_t earned = millis * kRefillPerSecond / 1000;
    if (earned <= 0) return;
    refilled_ += std::chrono::milliseconds(earned * 1000 / kRefillPerSecond);
    points_ = static_cast<int32_t>(std::min<int64_t>(kStart, points_ + earned));
  }

  int32_t points_ = kStart;
  TimePoint refilled_;
};

}  // namespace tollgate::http2
