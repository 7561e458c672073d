#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "source/base/decimal.h"

namespace tollgate::filters::rate_limiting {
namespace {

using http::HeaderCode;

constexpr std::string_view kRetryAfterName = "Retry-After";
constexpr PaddedText<16> kRetryAfter("\r\nRetry-After: ");
constexpr PaddedText<32> kReset("\r\nRateLimit-Reset: ");
constexpr http::LineNames kRetryNames = [] {
  http::LineNames names;
  names.addOther(kRetryAfterName.size());
  return names;
}();

constexpr size_t kAmount = 32;  ///< Bytes of a number of requests, at most.

/// A number of requests, without decimals where it is whole. Returns its end.
char* writeAmount(char* at, double value) {
  if (value >= 0 && value <= UINT32_MAX) {
    const auto whole = static_cast<uint32_t>(value);
    if (whole == value) return writeDecimal(at, whole);
  }
  constexpr double kExact = 1e15;  // whole numbers below are exact, and so is their int64_t
  if (std::abs(value) < kExact && static_cast<double>(static_cast<int64_t>(value)) == value) {
    return std::to_chars(at, at + kAmount, static_cast<int64_t>(value)).ptr;
  }
  return std::to_chars(at, at + kAmount, value).ptr;
}

/// Whole seconds, at least one: who comes back in none comes too early.
uint32_t secondsOf(int64_t millis) {
  constexpr int64_t kMost = int64_t{1000} * UINT32_MAX;
  return static_cast<uint32_t>((std::clamp<int64_t>(millis, 1, kMost) + 999) / 1000);
}

}  // namespace

void LimitHeaders::add(const Limit& limit) {
  char digits[kAmount];
  const std::string amount(digits, writeAmount(digits, limit.requests));
  const std::string period(nameOf(limit.period));
  Lines lines;
  lines.limitName = "X-RateLimit-Limit-" + period;
  lines.remainingName = "X-RateLimit-Remaining-" + period;
  lines.own = decltype(lines.own)("\r\n" + lines.limitName + ": " + amount + "\r\n" +
                                  lines.remainingName + ": ");
  auto name = [](HeaderCode code) { return std::string(http::nameOf(code)); };
  lines.summary =
      decltype(lines.summary)("\r\n" + name(HeaderCode::kRateLimitLimit) + ": " + amount + "\r\n" +
                              name(HeaderCode::kRateLimitRemaining) + ": ");
  if (lines_.empty()) {
    names_.add(HeaderCode::kRateLimitLimit);
    names_.add(HeaderCode::kRateLimitRemaining);
    names_.add(HeaderCode::kRateLimitReset);
    room_ = lines.summary.kRoom + kReset.kRoom + kRetryAfter.kRoom + 3 * kAmount;
  }
  names_.addOther(lines.limitName.size());
  names_.addOther(lines.remainingName.size());
  room_ += lines.own.kRoom + kAmount;
  lines_.push_back(std::move(lines));
}

/// What the origin said of limits under these names is not ours.
void LimitHeaders::removeForeign(http::HeaderMap& headers) const {
  for (const Lines& lines : lines_) {
    headers.removeOther(lines.limitName);
    headers.removeOther(lines.remainingName);
  }
  headers.remove(HeaderCode::kRateLimitLimit);
  headers.remove(HeaderCode::kRateLimitRemaining);
  headers.remove(HeaderCode::kRateLimitReset);
}

void LimitHeaders::write(http::HeaderMap& headers, Arena& arena, const Shown* shown,
                         bool rejected) const {
  if (lines_.empty()) return;
  if (headers.mayHave(names_)) removeForeign(headers);
  http::LineBlock block(arena, room_);
  char* at = block.place();
  const Shown* least = shown;
  const Lines* leastLines = lines_.data();
  const char *amount = at, *amountEnd = at;
  for (const Lines& lines : lines_) {
    char* begin = lines.own.copyTo(at);
    at = writeAmount(begin, shown->remaining);
    if (shown->remaining <= least->remaining) {
      least = shown;
      leastLines = &lines;
      amount = begin;
      amountEnd = at;
    }
    ++shown;
  }
  at = leastLines->summary.copyTo(at);
  std::memcpy(at, amount, kAmount);
  at = kReset.copyTo(at + (amountEnd - amount));
  const uint32_t seconds = secondsOf(least->resetMillis);
  at = writeDecimal(at, seconds);
  block.wrote(names_, at);
  if (rejected) {
    headers.removeOther(kRetryAfterName);
    block.wrote(kRetryNames, writeDecimal(kRetryAfter.copyTo(at), seconds));
  }
  headers.add(block);
}

}  // namespace tollgate::filters::rate_limiting
