#include "source/schema/log_rules.h"

#include <gtest/gtest.h>

namespace tollgate::schema {
namespace {

TEST(LuaLiteral, GivesWhatAChunkReturns) {
  EXPECT_EQ(luaLiteral("return nil"), Json());
  EXPECT_EQ(luaLiteral("return"), Json());
  EXPECT_EQ(luaLiteral("  return true ; "), Json(true));
  EXPECT_EQ(luaLiteral("return false"), Json(false));
  EXPECT_EQ(luaLiteral("return -12"), Json(-12));
  EXPECT_EQ(luaLiteral("return 1.5"), Json(1.5));
  EXPECT_EQ(luaLiteral("return 'a \\'b\\'\\n'"), Json("a 'b'\n"));
  EXPECT_EQ(luaLiteral("return\"x\""), Json("x"));
}

TEST(LuaLiteral, RefusesWhatNeedsLua) {
  for (const char* chunk : {"", "x", "returnnil", "returned", "return kong.client.get_ip()",
                            "return 'a' .. 'b'", "return 'a", "return 'a\\", "return (",
                            "return 1 + 1", "local x = 1 return x", "return {}"}) {
    EXPECT_FALSE(luaLiteral(chunk).has_value()) << chunk;
    EXPECT_NE(checkLuaLiteral(chunk), "") << chunk;
  }
}

TEST(LogFile, IsAPathWithoutPatternsAndBlanksAround) {
  for (const char* fine : {"/a", "/dev/stdout", "a b", "/tmp/%20"}) {
    EXPECT_EQ(checkLogFile(fine) == "", std::string_view(fine) != "/tmp/%20") << fine;
  }
  for (const char* wrong : {"a", " /a", "/a ", "/a*", "/a&b", "/a\\b", "/a`"}) {
    EXPECT_EQ(checkLogFile(wrong), "not a valid filename") << wrong;
  }
}

TEST(LogHeader, IsNoneOfTheMessagesOwn) {
  EXPECT_EQ(checkLogHeader("X-Key"), "");
  EXPECT_EQ(checkLogHeader("HOST"), "cannot contain 'Host' header");
  EXPECT_EQ(checkLogHeader("content-length"), "cannot contain 'Content-Length' header");
  EXPECT_EQ(checkLogHeader("Content-type"), "cannot contain 'Content-Type' header");
}

}  // namespace
}  // namespace tollgate::schema
