#include "source/net/address_set.h"

#include <gtest/gtest.h>

#include <random>

namespace tollgate::net {
namespace {

AddressSet setOf(std::initializer_list<std::string_view> texts) {
  AddressSet set;
  for (std::string_view text : texts) EXPECT_TRUE(set.add(text)) << text;
  set.finish();
  return set;
}

bool holds(const AddressSet& set, std::string_view ip) {
  auto address = Address::parse(ip, 80);
  return address && set.contains(*address);
}

TEST(AddressSet, HoldsWhatItsRangesSay) {
  const AddressSet set = setOf({"10.0.0.0/8", "192.168.1.7", "2001:db8::/32", "::1"});
  for (const char* ip : {"10.0.0.0", "10.255.255.255", "192.168.1.7", "2001:db8:1::2", "::1"}) {
    EXPECT_TRUE(holds(set, ip)) << ip;
  }
  for (const char* ip : {"9.255.255.255", "11.0.0.0", "192.168.1.6", "192.168.1.8",
                         "2001:db9::", "::2", "::", "127.0.0.1"}) {
    EXPECT_FALSE(holds(set, ip)) << ip;
  }
  EXPECT_FALSE(holds(AddressSet(), "10.0.0.1"));
}

TEST(AddressSet, MappedAddressesAreThoseThatTheyStandFor) {
  EXPECT_TRUE(holds(setOf({"10.0.0.0/8"}), "::ffff:10.1.2.3"));
  EXPECT_TRUE(holds(setOf({"::ffff:10.0.0.0/104"}), "10.1.2.3"));
  EXPECT_FALSE(holds(setOf({"::ffff:10.0.0.0/104"}), "11.1.2.3"));
}

TEST(AddressSet, TheWidestRangesHoldEverythingOfTheirFamily) {
  EXPECT_TRUE(holds(setOf({"0.0.0.0/0"}), "255.255.255.255"));
  EXPECT_FALSE(holds(setOf({"0.0.0.0/0"}), "::1"));
  EXPECT_TRUE(holds(setOf({"::/0", "ffff::/16"}), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(AddressSet, WhatIsNoRangeIsNamed) {
  AddressSet set;
  for (const char* text : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "1.2.3"}) {
    const Status added = set.add(text);
    ASSERT_FALSE(added) << text;
    EXPECT_EQ(added.error().message, "invalid ip or cidr range: '" + std::string(text) + "'");
  }
  EXPECT_TRUE(set.empty());
}

/// As many overlapping ranges as addresses, against asking each.
TEST(AddressSet, FindsWhatEachRangeWouldFind) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    AddressSet set;
    std::vector<AddressRange> each;
    for (int i = 0; i < 20; ++i) {
      const std::string text = "10.0." + std::to_string(random() % 4) + "." +
                               std::to_string(random() % 256) + "/" +
                               std::to_string(22 + random() % 11);
      ASSERT_TRUE(set.add(text));
      each.push_back(*AddressRange::parse(text));
    }
    set.finish();
    for (int i = 0; i < 1024; ++i) {
      auto address =
          *Address::parse("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), 0);
      const bool any = std::any_of(each.begin(), each.end(), [&](const AddressRange& range) {
        return range.contains(address);
      });
      ASSERT_EQ(set.contains(address), any) << address.ip();
    }
  }
}

}  // namespace
}  // namespace tollgate::net
