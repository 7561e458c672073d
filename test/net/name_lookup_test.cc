#include "source/net/name_lookup.h"

#include <gtest/gtest.h>

#include <optional>

#include "source/net/srv_record.h"
#include "test/support/dns_server.h"

namespace tollgate::net {
namespace {

using Type = NameRecords::Type;

class NameLookupTest : public testing::Test {
 protected:
  NameRecords ask(const std::string& name, Type last = Type::kNone) {
    ResolverSettings settings;
    settings.servers = server_.address();
    settings.timeout = std::chrono::milliseconds(500);
    settings.tries = 2;
    NameLookup lookup(loop_, settings);
    std::optional<NameRecords> out;
    lookup.start(name, last, [&](NameRecords records) { out = std::move(records); });
    auto deadline = event::Clock::now() + std::chrono::seconds(20);
    while (!out && event::Clock::now() < deadline) {
      server_.poll();
      loop_.runOnce(event::Millis(1));
    }
    EXPECT_TRUE(out);
    return out.value_or(NameRecords());
  }
  static std::vector<std::string> texts(const NameRecords& records) {
    std::vector<std::string> out;
    for (const auto& record : records.records) out.push_back(record.address.toString());
    std::sort(out.begin(), out.end());
    return out;
  }

  event::EventLoop loop_;
  DnsServer server_;
};

TEST_F(NameLookupTest, EveryAddressIsARecord) {
  server_.a("a.test", "10.0.0.1", 30);
  server_.a("a.test", "10.0.0.2", 20);
  NameRecords records = ask("a.test");
  EXPECT_EQ(records.type, Type::kA);
  EXPECT_EQ(texts(records), (std::vector<std::string>{"10.0.0.1:0", "10.0.0.2:0"}));
  EXPECT_EQ(records.ttl.count(), 20);
  EXPECT_EQ(records.records[0].weight, 0u);
  EXPECT_EQ(server_.queries("a.test", DnsServer::kAaaa), 0);
}

TEST_F(NameLookupTest, ATimeToLiveOfZeroIsTold) {
  server_.a("a.test", "10.0.0.1", 0);
  EXPECT_EQ(ask("a.test").ttl.count(), 0);
}

TEST_F(NameLookupTest, AnswersOnlyInTheNewerProtocolDoToo) {
  server_.aaaa("six.test", "fd00::1");
  NameRecords records = ask("six.test");
  EXPECT_EQ(records.type, Type::kAaaa);
  EXPECT_EQ(texts(records), (std::vector<std::string>{"[fd00::1]:0"}));
}

TEST_F(NameLookupTest, OfSrvOnlyTheLowestPriorityCounts) {
  server_.srv("_web.test", 10, 5, 8080, "one.test");
  server_.srv("_web.test", 10, 0, 8081, "two.test");
  server_.srv("_web.test", 20, 50, 8082, "spare.test");
  server_.srv("_web.test", 10, 7, 0, "127.0.0.9");
  server_.a("one.test", "10.0.0.1", 10);
  server_.a("two.test", "10.0.0.2");
  NameRecords records = ask("_web.test");
  EXPECT_EQ(records.type, Type::kSrv);
  EXPECT_EQ(texts(records),
            (std::vector<std::string>{"10.0.0.1:8080", "10.0.0.2:8081", "127.0.0.9:0"}));
  EXPECT_EQ(records.ttl.count(), 10);
  for (const auto& record : records.records) {
    if (record.address.port() == 8080) {
      EXPECT_EQ(record.weight, 5u);
      EXPECT_EQ(record.srvName, "one.test");
    }
    if (record.address.port() == 8081) {
      EXPECT_EQ(record.weight, 1u) << "0 counts as 1";
    }
  }
}

TEST_F(NameLookupTest, TheTypeOfLastTimeComesFirst) {
  server_.a("a.test", "10.0.0.1");
  ask("a.test", Type::kA);
  EXPECT_EQ(server_.queries("a.test", DnsServer::kSrv), 0);
}

TEST_F(NameLookupTest, SrvWithoutUsableHostsFallsBackToAddresses) {
  server_.srv("a.test", 1, 1, 80, "gone.test");
  server_.a("a.test", "10.0.0.1");
  EXPECT_EQ(ask("a.test").type, Type::kA);
}

TEST_F(NameLookupTest, WhatIsMissingIsToldFromWhatCannotBeAsked) {
  NameRecords missing = ask("gone.test");
  EXPECT_TRUE(missing.missing);
  EXPECT_EQ(missing.error, "dns server error: 3 name error");
  server_.fail(2);
  NameRecords failed = ask("a.test");
  EXPECT_FALSE(failed.missing);
  EXPECT_EQ(failed.error.substr(0, 4), "dns ") << failed.error;
}

TEST_F(NameLookupTest, TheHostsFileComesFirst) {
  NameRecords records = ask("localhost");
  ASSERT_FALSE(records.records.empty());
  EXPECT_EQ(server_.queries("localhost", DnsServer::kSrv), 0);
  EXPECT_GT(records.ttl.count(), 0);
}

TEST_F(NameLookupTest, EndsWithoutAWordWhenItIsDestroyed) {
  ResolverSettings settings;
  settings.servers = server_.address();
  bool told = false;
  {
    NameLookup lookup(loop_, settings);
    lookup.start("a.test", Type::kNone, [&](NameRecords) { told = true; });
  }
  EXPECT_FALSE(told);
}

TEST(SrvRecords, AnyBytesAreReadWithoutHarm) {
  // A good message, cut at every length and with every byte changed.
  std::string good(
      "\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\x21\0\1\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x09"
      "\0\1\0\2\0\x50\1b\0",
      40);
  auto parse = [](const std::string& bytes) {
    return parseSrvRecords(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  };
  auto records = parse(good);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].target, "b");
  EXPECT_EQ(records[0].port, 80);
  EXPECT_EQ(records[0].priority, 1);
  EXPECT_EQ(records[0].weight, 2);
  EXPECT_EQ(records[0].ttl, 60u);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(parse(good.substr(0, size)).empty()) << size;
  }
  for (size_t at = 0; at < good.size(); ++at) {
    for (int value : {0, 1, 63, 64, 192, 255}) {
      std::string bad = good;
      bad[at] = static_cast<char>(value);
      EXPECT_LE(parse(bad).size(), 1u);
    }
  }
}

}  // namespace
}  // namespace tollgate::net
