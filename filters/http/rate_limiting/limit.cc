#include "filters/http/rate_limiting/limit.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tollgate::filters::rate_limiting {
namespace {

constexpr int64_t kNanosPerMilli = 1000000;
constexpr int64_t kLengths[kPeriods] = {1000, 60000, 3600000, 86400000, 2592000000, 31536000000};
constexpr std::string_view kNames[kPeriods] = {"Second", "Minute", "Hour", "Day", "Month", "Year"};

/// ns as ms, rounded up.
int64_t millisUp(int64_t nanos) { return (nanos + kNanosPerMilli - 1) / kNanosPerMilli; }

/// Later ends win: cells are given away by the time at which they end.
void extend(Cell& cell, int64_t until) {
  if (cell.busyUntil.load(std::memory_order_relaxed) < until) {
    cell.busyUntil.store(until, std::memory_order_relaxed);
  }
}

/// Requests that an integer counter may reach: a limit of 2.5 lets three pass.
double wholeRequests(const Limit& limit) { return std::ceil(limit.requests); }

}  // namespace

std::string_view nameOf(Period period) { return kNames[static_cast<int>(period)]; }

int64_t millisOf(Period period) { return kLengths[static_cast<int>(period)]; }

int64_t windowStart(Period period, int64_t unixMillis) {
  if (period != Period::kMonth && period != Period::kYear) {
    return unixMillis - unixMillis % millisOf(period);
  }
  using namespace std::chrono;
  year_month_day date{floor<days>(sys_time<milliseconds>(milliseconds(unixMillis)))};
  month first = period == Period::kYear ? January : date.month();
  sys_days start = date.year() / first / 1;
  return duration_cast<milliseconds>(start.time_since_epoch()).count();
}

// ---- TokenBucket

TokenBucket::TokenBucket(Limit limit) : limit_(limit) {
  double period = static_cast<double>(millisOf(limit.period)) * kNanosPerMilli;
  interval_ = std::max<int64_t>(static_cast<int64_t>(period / limit.requests), 1);
  // In whole tokens, so that rounding never lets one more pass. A limit too large for the clock is
  // one that is never reached.
  double burst = wholeRequests(limit) * static_cast<double>(interval_);
  burst_ = static_cast<int64_t>(std::min(burst, 4e18 / 4));
}

inline bool TokenBucket::allows(int64_t fullAt, int64_t now) const {
  return std::max<int64_t>(fullAt - now, 0) + interval_ <= burst_;
}

/// Tokens in a bucket that is full in `missing` ns.
inline double TokenBucket::tokens(int64_t missing) const {
  const double left = static_cast<double>(burst_ - missing) / static_cast<double>(interval_);
  return std::clamp(std::floor(left + 1e-9), 0.0, limit_.requests);
}

Standing TokenBucket::standing(int64_t fullAt, int64_t now) const {
  const int64_t missing = std::max<int64_t>(fullAt - now, 0);
  const bool allowed = allows(fullAt, now);
  return {allowed, tokens(missing), millisUp(allowed ? missing : missing + interval_ - burst_)};
}

Standing TokenBucket::look(const Cell& cell, int64_t nowMillis) const {
  int64_t now = nowMillis * kNanosPerMilli;
  auto fullAt = static_cast<int64_t>(cell.state.load(std::memory_order_acquire));
  return standing(std::min(fullAt, now + burst_), now);
}

Standing TokenBucket::take(Cell& cell, int64_t nowMillis) const {
  int64_t now = nowMillis * kNanosPerMilli;
  uint64_t state = cell.state.load(std::memory_order_acquire);
  while (true) {
    // A clock that was set back must not leave a client waiting for longer than an empty bucket
    // does.
    int64_t fullAt = std::min(static_cast<int64_t>(state), now + burst_);
    if (!allows(fullAt, now)) {
      bool behind = fullAt != static_cast<int64_t>(state);
      if (behind) cell.state.compare_exchange_strong(state, static_cast<uint64_t>(fullAt));
      return standing(fullAt, now);
    }
    int64_t next = std::max(fullAt, now) + interval_;
    if (cell.state.compare_exchange_weak(state, static_cast<uint64_t>(next),
                                         std::memory_order_acq_rel)) {
      const int64_t untilFull = millisUp(next - now);
      extend(cell, nowMillis + untilFull);
      return {true, tokens(next - now), untilFull};
    }
  }
}

void TokenBucket::giveBack(Cell& cell, int64_t) const {
  cell.state.fetch_sub(static_cast<uint64_t>(interval_), std::memory_order_acq_rel);
}

// ---- FixedWindow: the window's start in seconds in the upper half, the count in the lower

uint32_t FixedWindow::used(uint64_t state, int64_t start) const {
  return state >> 32 == static_cast<uint64_t>(start / 1000) ? static_cast<uint32_t>(state) : 0;
}

Standing FixedWindow::standing(uint32_t used, bool taken, int64_t start, int64_t now) const {
  Standing out;
  out.allowed = taken || limit_.requests - used > 0;
  out.remaining = std::max(limit_.requests - used, 0.0);
  out.resetMillis = start + millisOf(limit_.period) - now;
  return out;
}

Standing FixedWindow::look(const Cell& cell, int64_t nowMillis) const {
  int64_t start = windowStart(limit_.period, nowMillis);
  return standing(used(cell.state.load(std::memory_order_acquire), start), false, start, nowMillis);
}

Standing FixedWindow::take(Cell& cell, int64_t nowMillis) const {
  int64_t start = windowStart(limit_.period, nowMillis);
  uint64_t state = cell.state.load(std::memory_order_acquire);
  while (true) {
    uint32_t count = used(state, start);
    Standing before = standing(count, false, start, nowMillis);
    if (!before.allowed || count == UINT32_MAX) return before;
    uint64_t next = static_cast<uint64_t>(start / 1000) << 32 | (count + 1);
    if (cell.state.compare_exchange_weak(state, next, std::memory_order_acq_rel)) {
      extend(cell, start + millisOf(limit_.period));
      return standing(count + 1, true, start, nowMillis);
    }
  }
}

void FixedWindow::giveBack(Cell& cell, int64_t nowMillis) const {
  int64_t start = windowStart(limit_.period, nowMillis);
  uint64_t state = cell.state.load(std::memory_order_acquire);
  while (used(state, start) > 0 &&
         !cell.state.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel)) {
  }
}

// ---- SlidingWindow: the window's number (16 bits), the previous count and this one's (24 bits
// each)

SlidingWindow::Counts SlidingWindow::counts(const Cell& cell, uint64_t state,
                                            int64_t nowMillis) const {
  // The number comes round; a cell whose time is over must not be taken for a later window's.
  if (cell.busyUntil.load(std::memory_order_relaxed) <= nowMillis) return {};
  auto number = static_cast<uint16_t>(nowMillis / millisOf(limit_.period));
  auto kept = static_cast<uint16_t>(state >> 48);
  auto previous = static_cast<uint32_t>(state >> 24 & 0xffffff);
  auto current = static_cast<uint32_t>(state & 0xffffff);
  if (kept == number) return {previous, current};
  if (static_cast<uint16_t>(kept + 1) == number) return {current, 0};
  return {};
}

double SlidingWindow::estimate(Counts counts, int64_t nowMillis) const {
  int64_t length = millisOf(limit_.period);
  double gone = static_cast<double>(nowMillis % length) / static_cast<double>(length);
  return counts.previous * (1 - gone) + counts.current;
}

Standing SlidingWindow::standing(Counts counts, bool taken, int64_t nowMillis) const {
  Standing out;
  double left = limit_.requests - estimate(counts, nowMillis);
  out.allowed = taken || left > 0;
  out.remaining = std::max(std::floor(left + 1e-9), 0.0);
  int64_t length = millisOf(limit_.period);
  out.resetMillis = length - nowMillis % length;
  return out;
}

uint64_t SlidingWindow::pack(Counts counts, int64_t nowMillis) const {
  uint64_t number = static_cast<uint16_t>(nowMillis / millisOf(limit_.period));
  return number << 48 | static_cast<uint64_t>(counts.previous) << 24 | counts.current;
}

Standing SlidingWindow::look(const Cell& cell, int64_t nowMillis) const {
  return standing(counts(cell, cell.state.load(std::memory_order_acquire), nowMillis), false,
                  nowMillis);
}

Standing SlidingWindow::take(Cell& cell, int64_t nowMillis) const {
  uint64_t state = cell.state.load(std::memory_order_acquire);
  while (true) {
    Counts now = counts(cell, state, nowMillis);
    Standing before = standing(now, false, nowMillis);
    if (!before.allowed || now.current >= kMaxRequests) return before;
    ++now.current;
    // Before the state: who sees the new state must not find its time over.
    extend(cell, nowMillis + 2 * millisOf(limit_.period));
    if (cell.state.compare_exchange_weak(state, pack(now, nowMillis), std::memory_order_acq_rel)) {
      return standing(now, true, nowMillis);
    }
  }
}

void SlidingWindow::giveBack(Cell& cell, int64_t nowMillis) const {
  uint64_t state = cell.state.load(std::memory_order_acquire);
  while (true) {
    Counts now = counts(cell, state, nowMillis);
    if (now.current == 0) return;
    --now.current;
    if (cell.state.compare_exchange_weak(state, pack(now, nowMillis), std::memory_order_acq_rel))
      return;
  }
}

}  // namespace tollgate::filters::rate_limiting
