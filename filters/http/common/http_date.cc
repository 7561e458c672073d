#include "filters/http/common/http_date.h"

#include <chrono>

namespace tollgate::filters {
namespace {

/// Reads a date from left to right; every function is false where the text is another one.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool number(size_t digits, int& out) {
    if (rest_.size() < digits) return false;
    out = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool month(int& out) {
    static constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (rest_.size() < 3) return false;
    const size_t at = kNames.find(rest_.substr(0, 3));
    if (at == kNames.npos || at % 3 != 0) return false;
    out = static_cast<int>(at / 3) + 1;
    rest_.remove_prefix(3);
    return true;
  }
  bool clock(int& hour, int& minute, int& second) {
    return number(2, hour) && literal(":") && number(2, minute) && literal(":") &&
           number(2, second) && hour < 24 && minute < 60 && second <= 60;
  }
  bool end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Date {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

/// "06 Nov 1994 08:49:37 GMT", after the day and its comma.
bool readRfc1123(Reader in, Date& d) {
  return in.number(2, d.day) && in.literal(" ") && in.month(d.month) && in.literal(" ") &&
         in.number(4, d.year) && in.literal(" ") && in.clock(d.hour, d.minute, d.second) &&
         in.literal(" GMT") && in.end();
}

/// "06-Nov-94 08:49:37 GMT", likewise.
bool readRfc850(Reader in, Date& d) {
  if (!in.number(2, d.day) || !in.literal("-") || !in.month(d.month) || !in.literal("-") ||
      !in.number(2, d.year) || !in.literal(" ") || !in.clock(d.hour, d.minute, d.second) ||
      !in.literal(" GMT") || !in.end()) {
    return false;
  }
  d.year += d.year < 70 ? 2000 : 1900;
  return true;
}

/// "Nov  6 08:49:37 1994", after the day.
bool readAsctime(Reader in, Date& d) {
  return in.month(d.month) && in.literal(" ") &&
         (in.literal(" ") ? in.number(1, d.day) : in.number(2, d.day)) && in.literal(" ") &&
         in.clock(d.hour, d.minute, d.second) && in.literal(" ") && in.number(4, d.year) &&
         in.end();
}

}  // namespace

std::optional<int64_t> parseHttpDate(std::string_view text) {
  Date d;
  if (const size_t comma = text.find(", "); comma != text.npos) {
    const Reader date(text.substr(comma + 2));
    if (!readRfc1123(date, d) && !readRfc850(date, d)) return std::nullopt;
  } else {
    if (text.size() < 4 || text[3] != ' ' || !readAsctime(Reader(text.substr(4)), d)) {
      return std::nullopt;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(d.year),
                                         std::chrono::month(static_cast<unsigned>(d.month)),
                                         std::chrono::day(static_cast<unsigned>(d.day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
}

}  // namespace tollgate::filters
