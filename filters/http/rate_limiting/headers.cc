#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tollgate::filters::rate_limiting {
namespace {

struct Names {
  std::string_view limit, remaining;
};
constexpr Names kHeaders[kPeriods] = {{"X-RateLimit-Limit-Second", "X-RateLimit-Remaining-Second"},
                                      {"X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute"},
                                      {"X-RateLimit-Limit-Hour", "X-RateLimit-Remaining-Hour"},
                                      {"X-RateLimit-Limit-Day", "X-RateLimit-Remaining-Day"},
                                      {"X-RateLimit-Limit-Month", "X-RateLimit-Remaining-Month"},
                                      {"X-RateLimit-Limit-Year", "X-RateLimit-Remaining-Year"}};

/// Without decimals where it is whole.
std::string_view text(Arena& arena, double value) {
  constexpr size_t kDigits = 32;
  char* digits = arena.chars(kDigits);
  bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  auto end = whole ? std::to_chars(digits, digits + kDigits, static_cast<int64_t>(value)).ptr
                   : std::to_chars(digits, digits + kDigits, value).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

}  // namespace

void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected) {
  const Shown* summary = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const Names& names = kHeaders[static_cast<int>(shown[i].period)];
    headers.set(names.limit, text(arena, shown[i].limit));
    headers.set(names.remaining, text(arena, shown[i].remaining));
    if (summary == nullptr || shown[i].remaining <= summary->remaining) summary = &shown[i];
  }
  if (summary == nullptr) return;
  int64_t seconds = std::max<int64_t>((summary->resetMillis + 999) / 1000, 1);
  std::string_view reset = text(arena, static_cast<double>(seconds));
  headers.set("RateLimit-Limit", text(arena, summary->limit));
  headers.set("RateLimit-Remaining", text(arena, summary->remaining));
  headers.set("RateLimit-Reset", reset);
  if (rejected) headers.set("Retry-After", reset);
}

}  // namespace tollgate::filters::rate_limiting
