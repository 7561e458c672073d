#include "source/net/address.h"

#include <netinet/in.h>

#include <cstring>

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

TEST(Address, OfEqualAddressesTheBytesAreEqual) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(80);
  raw.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* bytes = reinterpret_cast<const sockaddr*>(&raw);
  Address clean = Address::fromSockaddr(bytes, sizeof raw);
  std::memset(raw.sin_zero, 0xff, sizeof raw.sin_zero);
  Address noisy = Address::fromSockaddr(bytes, sizeof raw);
  EXPECT_EQ(std::memcmp(clean.sockaddrPtr(), noisy.sockaddrPtr(), clean.length()), 0);
}

}  // namespace
}  // namespace tollgate::net
