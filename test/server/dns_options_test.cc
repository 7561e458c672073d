#include "source/server/dns_options.h"

#include <gtest/gtest.h>

namespace tollgate::server {
namespace {

using net::RecordType;

Result<net::ResolverSettings> read(const std::string& name, const std::string& value) {
  auto settings = Settings::load("/dev/null", {}, {{name, value}});
  if (!settings) return settings.error();
  return resolverSettings(*settings);
}

TEST(DnsOptions, NameServersAreAddressesWithOrWithoutAPort) {
  const struct {
    const char* given;
    const char* read;
  } kCases[] = {{"", ""},
                {"127.0.0.53", "127.0.0.53:53"},
                {"10.0.0.2:5353, [::1]:54", "10.0.0.2:5353,[::1]:54"},
                {"::1", "[::1]:53"},
                {"[fd00::1]", "[fd00::1]:53"}};
  for (const auto& each : kCases) {
    auto read = server::read("dns_resolver", each.given);
    ASSERT_TRUE(read.ok()) << each.given << ": " << read.error().text();
    EXPECT_EQ(read->servers, each.read);
  }
}

TEST(DnsOptions, WhatIsNoNameServerIsRefusedByName) {
  for (const char* given : {"nonsense", "10.0.0.2:0", "10.0.0.2:x", "10.0.0.2:70000",
                            "10.0.0.2:", "1.2.3.4,nonsense", "[::1", "::1]:53", "ns.example.com"}) {
    auto read = server::read("dns_resolver", given);
    ASSERT_FALSE(read.ok()) << given;
    EXPECT_NE(read.error().message.find("dns_resolver"), std::string::npos);
  }
}

TEST(DnsOptions, TheOrderNamesTypesOfRecords) {
  using Order = std::vector<RecordType>;
  EXPECT_EQ(read("dns_order", "LAST,SRV,A,CNAME")->order,
            (Order{RecordType::kSrv, RecordType::kA, RecordType::kAaaa}))
      << "the default, with AAAA for names that have nothing else";
  EXPECT_EQ(read("dns_order", "last, a")->order, Order{RecordType::kA});
  EXPECT_EQ(read("dns_order", "AAAA,A,SRV")->order,
            (Order{RecordType::kAaaa, RecordType::kA, RecordType::kSrv}));
  EXPECT_FALSE(read("dns_order", "A,MX").ok());
  EXPECT_FALSE(read("dns_order", "LAST,CNAME").ok()) << "nothing would be asked for";
}

TEST(DnsOptions, TimesToLive) {
  EXPECT_EQ(read("dns_valid_ttl", "")->validTtl, std::nullopt);
  EXPECT_EQ(read("dns_valid_ttl", "30")->validTtl, std::chrono::seconds(30));
  EXPECT_FALSE(read("dns_valid_ttl", "soon").ok());
  EXPECT_FALSE(read("dns_valid_ttl", "-1").ok());
  EXPECT_EQ(read("dns_not_found_ttl", "0.5")->notFoundTtl, std::chrono::milliseconds(500));
  EXPECT_EQ(read("dns_error_ttl", "7")->errorTtl, std::chrono::seconds(7));
}

TEST(DnsOptions, AHostsFileThatCannotBeReadIsRefused) {
  EXPECT_EQ(read("dns_hostsfile", "/etc/hosts")->hostsFile, "") << "the machine's own";
  EXPECT_EQ(read("dns_hostsfile", "/etc/passwd")->hostsFile, "/etc/passwd");
  EXPECT_FALSE(read("dns_hostsfile", "/nowhere/hosts").ok());
  EXPECT_FALSE(read("dns_hostsfile", "/dev/zero").ok()) << "would never end";
}

}  // namespace
}  // namespace tollgate::server
