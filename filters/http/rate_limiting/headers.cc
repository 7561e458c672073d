#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>

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
  constexpr double kExact = 1e15;  // whole numbers below are exact, and so is their int64_t
  char* digits = arena.chars(kDigits);
  auto whole = static_cast<int64_t>(std::clamp(value, -kExact, kExact));
  auto end = static_cast<double>(whole) == value
                 ? std::to_chars(digits, digits + kDigits, whole).ptr
                 : std::to_chars(digits, digits + kDigits, value).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

}  // namespace

std::string limitText(double limit) {
  Arena arena;
  return std::string(text(arena, limit));
}

void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected) {
  const Shown* summary = nullptr;
  std::string_view summaryRemaining;
  for (size_t i = 0; i < count; ++i) {
    const Names& names = kHeaders[static_cast<int>(shown[i].period)];
    std::string_view remaining = text(arena, shown[i].remaining);
    headers.setChecked(names.limit, shown[i].limit);
    headers.setChecked(names.remaining, remaining);
    if (summary != nullptr && shown[i].remaining > summary->remaining) continue;
    summary = &shown[i];
    summaryRemaining = remaining;
  }
  if (summary == nullptr) return;
  int64_t seconds = std::max<int64_t>((summary->resetMillis + 999) / 1000, 1);
  std::string_view reset = text(arena, static_cast<double>(seconds));
  headers.setCopied(http::HeaderCode::kRateLimitLimit, summary->limit);
  headers.setCopied(http::HeaderCode::kRateLimitRemaining, summaryRemaining);
  headers.setCopied(http::HeaderCode::kRateLimitReset, reset);
  if (rejected) headers.set("Retry-After", reset);
}

}  // namespace tollgate::filters::rate_limiting
