#include "source/http1/date_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::http1 {
namespace {

TEST(DateCache, ShowsTheSecondThatIsCurrent) {
  event::EventLoop loop;
  DateCache date(loop);
  auto expected = [&] {
    const auto now = static_cast<time_t>(loop.unixMillis() / 1000);
    tm parts{};
    gmtime_r(&now, &parts);
    char text[64];
    return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  };
  const std::string first = expected();
  EXPECT_EQ(date.value(), first);
  EXPECT_EQ(date.line(), "Date: " + first + "\r\n");
  const auto limit = event::Clock::now() + std::chrono::seconds(5);
  while (date.value() == first) {
    ASSERT_LT(event::Clock::now(), limit) << "it stands still";
    loop.runOnce();
  }
  EXPECT_EQ(date.value(), expected());
}

}  // namespace
}  // namespace tollgate::http1
