#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "filters/http/rate_limiting/cell_table.h"

namespace tollgate::filters::rate_limiting {

enum class Period : uint8_t { kSecond, kMinute, kHour, kDay, kMonth, kYear };
inline constexpr int kPeriods = 6;

/// "Second" … "Year", as response headers spell them.
std::string_view nameOf(Period period);
/// Nominal length: a month has 30 days, a year 365.
int64_t millisOf(Period period);
/// When the calendar window (UTC) that contains `unixMillis` began, in Unix ms.
int64_t windowStart(Period period, int64_t unixMillis);

/// One limit of a configuration: so many requests in a period.
struct Limit {
  double requests = 0;  ///< > 0, perhaps with a fraction.
  Period period = Period::kMinute;
};

/// Where a client stands after (or, if it may not, before) a request.
struct Standing {
  bool allowed = false;
  double remaining = 0;  ///< Requests left, of the limit as configured; at least 0.
  int64_t resetMillis =
      0;  ///< Until the limit is whole again; if not allowed: until the next request.
};

/// How requests are counted against a limit. The state is one 64-bit word, changed by
/// compare-and-swap, so that no more than the limit ever pass, however many threads ask.
class Algorithm {
 public:
  virtual ~Algorithm() = default;
  /// Where the client stands if it asked for one more now; changes nothing.
  virtual Standing look(const Cell& cell, int64_t nowMillis) const = 0;
  /// Takes one request from the limit if there is one.
  virtual Standing take(Cell& cell, int64_t nowMillis) const = 0;
  /// Gives back what take() took at `nowMillis`.
  virtual void giveBack(Cell& cell, int64_t nowMillis) const = 0;
};

/// A bucket that holds as many tokens as the limit and fills evenly: a burst of the limit's size,
/// then one request each period/limit. Kept as the time at which the bucket is full again (the
/// generic cell rate algorithm, ITU-T I.371).
class TokenBucket final : public Algorithm {
 public:
  explicit TokenBucket(Limit limit);
  Standing look(const Cell& cell, int64_t nowMillis) const override;
  Standing take(Cell& cell, int64_t nowMillis) const override;
  void giveBack(Cell& cell, int64_t nowMillis) const override;

 private:
  bool allows(int64_t fullAt, int64_t now) const;
  double tokens(int64_t missing) const;
  Standing standing(int64_t fullAt, int64_t now) const;
  Limit limit_;
  int64_t interval_;  ///< ns for one token.
  int64_t burst_;     ///< ns in which an empty bucket fills.
};

/// Counts in windows of the UTC calendar: the limit is whole again at each window's start.
class FixedWindow final : public Algorithm {
 public:
  explicit FixedWindow(Limit limit) : limit_(limit) {}
  Standing look(const Cell& cell, int64_t nowMillis) const override;
  Standing take(Cell& cell, int64_t nowMillis) const override;
  void giveBack(Cell& cell, int64_t nowMillis) const override;

 private:
  uint32_t used(uint64_t state, int64_t start) const;
  Standing standing(uint32_t used, bool taken, int64_t start, int64_t now) const;
  Limit limit_;
};

/// Counts in the last period as a whole, estimated from two windows: the part of the previous one
/// that still lies within the period counts as if its requests had come evenly.
class SlidingWindow final : public Algorithm {
 public:
  static constexpr double kMaxRequests = (1 << 24) - 1;
  explicit SlidingWindow(Limit limit) : limit_(limit) {}
  Standing look(const Cell& cell, int64_t nowMillis) const override;
  Standing take(Cell& cell, int64_t nowMillis) const override;
  void giveBack(Cell& cell, int64_t nowMillis) const override;

 private:
  struct Counts {
    uint32_t previous = 0, current = 0;
  };
  Counts counts(const Cell& cell, uint64_t state, int64_t nowMillis) const;
  double estimate(Counts counts, int64_t nowMillis) const;
  Standing standing(Counts counts, bool taken, int64_t nowMillis) const;
  uint64_t pack(Counts counts, int64_t nowMillis) const;
  Limit limit_;
};

}  // namespace tollgate::filters::rate_limiting
