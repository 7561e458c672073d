#include "source/net/open_admin.h"

#include <gtest/gtest.h>

namespace tollgate::net {
namespace {

bool reached(const char* own, const char* asked, uint16_t port = 8001) {
  OpenAdmin open;
  open.add(*Address::parse(own, 8001));
  return open.reachedBy(*Address::parse(asked, port));
}

TEST(OpenAdmin, KnowsEveryAddressThatLeadsThere) {
  EXPECT_TRUE(reached("127.0.0.1", "127.0.0.1"));
  EXPECT_TRUE(reached("127.0.0.1", "::ffff:127.0.0.1"));
  EXPECT_TRUE(reached("127.0.0.1", "0.0.0.0")) << "which Linux takes for loopback";
  EXPECT_TRUE(reached("::1", "::1"));
  EXPECT_TRUE(reached("0.0.0.0", "127.0.0.2"));
  EXPECT_TRUE(reached("::", "127.0.0.1"));
  EXPECT_FALSE(reached("127.0.0.1", "127.0.0.1", 8000));
  EXPECT_FALSE(reached("127.0.0.1", "127.0.0.2"));
  EXPECT_FALSE(reached("10.9.8.7", "127.0.0.1"));
  EXPECT_FALSE(reached("0.0.0.0", "192.0.2.1")) << "another machine's";
}

TEST(OpenAdmin, KnowsTheNamesOfThisMachine) {
  OpenAdmin open;
  open.add(*Address::parse("127.0.0.1", 8001));
  EXPECT_TRUE(open.namedBy("localhost", 8001));
  EXPECT_TRUE(open.namedBy("LocalHost.", 8001));
  EXPECT_TRUE(open.namedBy("127.0.0.1", 8001));
  EXPECT_FALSE(open.namedBy("localhost", 8000));
  EXPECT_FALSE(open.namedBy("example.com", 8001));
}

}  // namespace
}  // namespace tollgate::net
