#include "source/net/address.h"

namespace tollgate::net {
namespace {

TEST(Address, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(Address::parse("127.0.0.1", 80)->toString(), "127.0.0.1:80");
  EXPECT_EQ(Address::parse("[::1]", 443)->toString(), "[::1]:443");
  EXPECT_EQ(Address::parse("::ffff:10.0.0.1", 1)->ip(), "10.0.0.1");
  EXPECT_FALSE(Address::parse("localhost", 80));
  EXPECT_FALSE(Address::parse("1.2.3", 80));
}

TEST(AddressRange, ContainsWhatItsPrefixSays) {
  auto range = AddressRange::parse("10.1.0.0/15");
  ASSERT_TRUE(range);
  EXPECT_TRUE(range->contains(*Address::parse("10.1.2.3", 0)));
  EXPECT_FALSE(range->contains(*Address::parse("10.3.0.1", 0)));
  EXPECT_TRUE(range->contains(*Address::parse("::ffff:10.0.9.9", 0)));
  EXPECT_FALSE(range->contains(*Address::parse("::1", 0)));
  EXPECT_FALSE(AddressRange::parse("10.0.0.0/33"));
  EXPECT_FALSE(AddressRange::parse("x/8"));
}

}  // namespace
}  // namespace tollgate::net
