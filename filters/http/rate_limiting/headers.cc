#include "filters/http/rate_limiting/headers.h"

#include <algorithm>
#include <charconv>

#include "source/base/decimal.h"

namespace tollgate::filters::rate_limiting {
namespace {

using http::HeaderCode;

constexpr std::string_view kReset = "\r\nRateLimit-Reset: ";
constexpr std::string_view kRetryAfterName = "Retry-After", kRetryAfter = "\r\nRetry-After: ";

/// Of the limit with the least left.
constexpr http::LineNames kSummaryNames = [] {
  http::LineNames names;
  names.add(HeaderCode::kRateLimitLimit);
  names.add(HeaderCode::kRateLimitRemaining);
  names.add(HeaderCode::kRateLimitReset);
  return names;
}();
constexpr http::LineNames kRetryNames = [] {
  http::LineNames names;
  names.addOther(kRetryAfterName.size());
  return names;
}();

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
  size_t room = kReset.size() + kRetryAfter.size() + 2 * http::LineBlock::kNumber;
  size_t summary = 0;
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    room += lines.own.size() + Amount::kMost;
    summary = std::max(summary, lines.summary.size());
  }
  return room + summary + Amount::kMost;
}

/// What the origin said of limits under these names is not ours.
void removeForeign(http::HeaderMap& headers, const Shown* shown, size_t count, bool rejected) {
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    if (!headers.mayHave(lines.ownNames)) continue;
    headers.removeOther(lines.limitName);
    headers.removeOther(lines.remainingName);
  }
  if (headers.mayHave(kSummaryNames)) {
    headers.remove(HeaderCode::kRateLimitLimit);
    headers.remove(HeaderCode::kRateLimitRemaining);
    headers.remove(HeaderCode::kRateLimitReset);
  }
  if (rejected) headers.removeOther(kRetryAfterName);
}

}  // namespace

LimitLines::LimitLines(Period period, double value) {
  const Amount amount(value);
  const std::string spelled(amount.text()), name(nameOf(period));
  limitName = "X-RateLimit-Limit-" + name;
  remainingName = "X-RateLimit-Remaining-" + name;
  ownNames.addOther(limitName.size());
  ownNames.addOther(remainingName.size());
  own = "\r\n" + limitName + ": " + spelled + "\r\n" + remainingName + ": ";
  summary = "\r\n" + std::string(http::nameOf(HeaderCode::kRateLimitLimit)) + ": " + spelled +
            "\r\n" + std::string(http::nameOf(HeaderCode::kRateLimitRemaining)) + ": ";
}

void addHeaders(http::HeaderMap& headers, Arena& arena, const Shown* shown, size_t count,
                bool rejected) {
  if (count == 0) return;
  removeForeign(headers, shown, count, rejected);
  http::LineBlock block(arena, roomFor(shown, count));
  const Shown* least = shown;
  std::string_view leastText;
  for (size_t i = 0; i < count; ++i) {
    const LimitLines& lines = *shown[i].lines;
    const Amount remaining(shown[i].remaining);
    const std::string_view text = remaining.text();
    std::string_view line = block.several(lines.ownNames, std::string_view(lines.own), text);
    if (shown[i].remaining > least->remaining) continue;
    least = &shown[i];
    leastText = line.substr(line.size() - text.size());
  }
  const Decimal seconds(std::max<int64_t>((least->resetMillis + 999) / 1000, 1));
  block.several(kSummaryNames, std::string_view(least->lines->summary), leastText, kReset,
                seconds.text());
  if (rejected) block.several(kRetryNames, kRetryAfter, seconds.text());
  headers.add(block);
}

}  // namespace tollgate::filters::rate_limiting
