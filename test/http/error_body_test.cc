#include "source/http/error_body.h"

#include <gtest/gtest.h>

namespace tollgate::http {
namespace {

TEST(ErrorBody, EscapesTheMessageAsTheFormNeedsIt) {
  const std::string_view message = "say \"no\" \\ <b>\n&\x01";
  Arena arena;
  EXPECT_EQ(errorBody(arena, "", message, "1").body,
            "{\n  \"message\":\"say \\\"no\\\" \\\\ <b>\\n&\\u0001\",\n  \"request_id\":\"1\"\n}");
  EXPECT_NE(errorBody(arena, "text/html", message, "1").body.find("&lt;b&gt;\n&amp;"),
            std::string_view::npos);
  EXPECT_NE(errorBody(arena, "application/xml", message, "1").body.find("&lt;b&gt;\n&amp;"),
            std::string_view::npos);
  EXPECT_TRUE(errorBody(arena, "text/plain", message, "1").body.starts_with(message));
}

TEST(ErrorBody, LeavesAPlainMessageAsItIs) {
  Arena arena;
  EXPECT_EQ(errorBody(arena, "", "Not found", "1").body,
            "{\n  \"message\":\"Not found\",\n  \"request_id\":\"1\"\n}");
}

}  // namespace
}  // namespace tollgate::http
