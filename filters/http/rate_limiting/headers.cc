#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>

#include "source/base/decimal.h"

namespace tollgate::filters::rate_limiting {
namespace {

using http::HeaderCode;

constexpr std::string_view kLimit = "X-RateLimit-Limit-", kRemaining = "X-RateLimit-Remaining-";
constexpr std::string_view kEnd = "\r\n";

/// Without decimals where it is whole.
std::string_view text(Arena& arena, double value) {
  constexpr double kExact = 1e15;  // whole numbers below are exact, and so is their int64_t
  auto whole = static_cast<int64_t>(std::clamp(value, -kExact, kExact));
  if (static_cast<double>(whole) == value) return arena.copy(Decimal(whole).text());
  constexpr size_t kDigits = 32;
  char* digits = arena.chars(kDigits);
  char* end = std::to_chars(digits, digits + kDigits, value).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

/// The line that begins with `begin` ("Name: ").
std::string_view lineOf(Arena& arena, std::string_view begin, std::string_view value) {
  size_t size = begin.size() + value.size() + kEnd.size();
  char* line = arena.chars(size);
  copyTo(copyTo(copyTo(line, begin), value), kEnd);
  return {line, size};
}

}  // namespace

LimitLines::LimitLines(Period period, double value) {
  Arena arena;
  std::string_view spelled = text(arena, value);
  std::string_view own = nameOf(period);
  periodSize = own.size();
  limit = arena.concat(kLimit, own, ": ", spelled, kEnd);
  remaining = arena.concat(kRemaining, own, ": ");
  summary = arena.concat(http::nameOf(HeaderCode::kRateLimitLimit), ": ", spelled, kEnd);
}

void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected) {
  const Shown* least = nullptr;
  std::string_view leastText;
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    std::string_view remaining = text(arena, shown[i].remaining);
    // Copied, so that all these lines stand one behind the other.
    headers.setLine(kLimit.size() + lines.periodSize, arena.copy(lines.limit));
    headers.setLine(kRemaining.size() + lines.periodSize,
                    lineOf(arena, lines.remaining, remaining));
    if (least != nullptr && shown[i].remaining > least->remaining) continue;
    least = &shown[i];
    leastText = remaining;
  }
  if (least == nullptr) return;
  int64_t seconds = std::max<int64_t>((least->resetMillis + 999) / 1000, 1);
  headers.setLine(HeaderCode::kRateLimitLimit, arena.copy(least->lines->summary));
  headers.setCopied(HeaderCode::kRateLimitRemaining, leastText);
  headers.setNumber(HeaderCode::kRateLimitReset, seconds);
  if (rejected) {
    headers.setChecked("Retry-After", headers.get(HeaderCode::kRateLimitReset));
  }
}

}  // namespace tollgate::filters::rate_limiting
