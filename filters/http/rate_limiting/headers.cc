#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>

#include "source/base/decimal.h"

namespace tollgate::filters::rate_limiting {
namespace {

using http::HeaderCode;

constexpr std::string_view kRetryAfter = "Retry-After: ", kEnd = "\r\n";

/// A number as text without decimals where it is whole; the text lives as long as this.
class Amount {
 public:
  static constexpr size_t kMost = 32;  ///< Bytes of text.

  explicit Amount(double value) : whole_(wholeOf(value)), text_(whole_.text()) {
    if (static_cast<double>(wholeOf(value)) == value) return;
    char* end = std::to_chars(digits_, digits_ + kMost, value).ptr;
    text_ = {digits_, static_cast<size_t>(end - digits_)};
  }
  std::string_view text() const { return text_; }

 private:
  static int64_t wholeOf(double value) {
    constexpr double kExact = 1e15;  // whole numbers below are exact, and so is their int64_t
    return static_cast<int64_t>(std::clamp(value, -kExact, kExact));
  }
  Decimal whole_;
  char digits_[kMost];
  std::string_view text_;
};

size_t roomFor(const Shown* shown, size_t count) {
  size_t room = 0;
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    room += lines.limit.size() + lines.remaining.size() + lines.summary.size();
    room += Amount::kMost + kEnd.size();
  }
  return room + http::LineBlock::frameOf(HeaderCode::kRateLimitRemaining) + Amount::kMost +
         http::LineBlock::frameOf(HeaderCode::kRateLimitReset) + kRetryAfter.size() + kEnd.size() +
         2 * http::LineBlock::kNumber;
}

}  // namespace

LimitLines::LimitLines(Period period, double value) {
  const Amount amount(value);
  const std::string spelled(amount.text()), own(nameOf(period));
  limitName = "X-RateLimit-Limit-" + own;
  remainingName = "X-RateLimit-Remaining-" + own;
  limit = limitName + ": " + spelled + "\r\n";
  remaining = remainingName + ": ";
  summary = std::string(http::nameOf(HeaderCode::kRateLimitLimit)) + ": " + spelled + "\r\n";
}

void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected) {
  if (count == 0) return;
  http::LineBlock block(arena, roomFor(shown, count));
  const Shown* least = nullptr;
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    headers.removeOther(lines.limitName);
    headers.removeOther(lines.remainingName);
    block.other(lines.limitName.size(), lines.limit);
    block.other(lines.remainingName.size(), lines.remaining, Amount(shown[i].remaining).text(),
                kEnd);
    if (least == nullptr || shown[i].remaining <= least->remaining) least = &shown[i];
  }
  headers.remove(HeaderCode::kRateLimitLimit);
  headers.remove(HeaderCode::kRateLimitRemaining);
  headers.remove(HeaderCode::kRateLimitReset);
  block.whole(HeaderCode::kRateLimitLimit, least->lines->summary);
  block.line(HeaderCode::kRateLimitRemaining, Amount(least->remaining).text());
  const Decimal seconds(std::max<int64_t>((least->resetMillis + 999) / 1000, 1));
  block.line(HeaderCode::kRateLimitReset, seconds.text());
  if (rejected) {
    headers.removeOther(kRetryAfter.substr(0, kRetryAfter.size() - 2));
    block.other(kRetryAfter.size() - 2, kRetryAfter, seconds.text(), kEnd);
  }
  headers.add(block);
}

}  // namespace tollgate::filters::rate_limiting
