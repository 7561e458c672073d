#include "source/net/name_lookup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "source/net/srv_record.h"
#include "test/support/dns_server.h"

namespace tollgate::net {
namespace {

using Type = NameRecords::Type;

class NameLookupTest : public testing::Test {
 protected:
  NameRecords ask(const std::string& name, Type last = Type::kNone,
                  NameLookup::Families families = NameLookup::Families::kFirst) {
    ResolverSettings settings;
    settings.order = order_;
    settings.validTtl = validTtl_;
    settings.hostsFile = hostsFile_;
    settings.servers = server_.address();
    settings.timeout = std::chrono::milliseconds(500);
    settings.tries = 2;
    NameLookup lookup(loop_, settings, families);
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
  std::vector<Type> order_ = ResolverSettings().order;
  std::optional<std::chrono::seconds> validTtl_;
  std::string hostsFile_;
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

TEST(SrvRecords, TargetsThatAreNoNamesOfHostsAreLeftOut) {
  // The root says that the service is not offered (RFC 2782).
  for (const std::string& target :
       {std::string("\0", 1), std::string("\1.\0", 3), std::string("\2\xc3\xa4\0", 4),
        std::string("\2\xc0\xc0\1\0\0", 6)}) {
    std::string message("\0\1\x81\x80\0\0\0\1\0\0\0\0\1a\0\0\x21\0\1\0\0\0\x3c\0", 24);
    message += static_cast<char>(6 + target.size());
    message += std::string("\0\1\0\2\0\x50", 6) + target;
    EXPECT_TRUE(
        parseSrvRecords(reinterpret_cast<const uint8_t*>(message.data()), message.size()).empty());
  }
}

TEST_F(NameLookupTest, TheOrderSaysWhatIsAskedFor) {
  server_.a("a.test", "10.0.0.1");
  server_.srv("a.test", 1, 1, 8080, "b.test");
  server_.a("b.test", "10.0.0.2");
  order_ = {Type::kA};
  EXPECT_EQ(texts(ask("a.test")), (std::vector<std::string>{"10.0.0.1:0"}));
  EXPECT_EQ(server_.queries("a.test", DnsServer::kSrv), 0);
  order_ = {Type::kSrv, Type::kA};
  EXPECT_EQ(texts(ask("a.test")), (std::vector<std::string>{"10.0.0.2:8080"}));
  order_ = {Type::kA};
  server_.aaaa("six.test", "fd00::1");
  EXPECT_TRUE(ask("six.test").missing) << "AAAA is not in the order";
}

TEST_F(NameLookupTest, AValidTtlTakesThePlaceOfTheAnswers) {
  server_.a("a.test", "10.0.0.1", 30);
  validTtl_ = std::chrono::seconds(7);
  EXPECT_EQ(ask("a.test").ttl.count(), 7);
}

TEST_F(NameLookupTest, AHostsFileOfTheSettingsComesFirst) {
  char path[] = "/tmp/tollgate-hosts-XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  const std::string text =
      "# comment\n10.9.8.7  Own.test other.test # more\nnonsense own.test\nfd00::7 other.test\n";
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(fd);
  hostsFile_ = path;
  server_.a("own.test", "10.0.0.1");
  EXPECT_EQ(texts(ask("own.test")), (std::vector<std::string>{"10.9.8.7:0"}));
  EXPECT_EQ(texts(ask("other.test", Type::kNone, NameLookup::Families::kBoth)),
            (std::vector<std::string>{"10.9.8.7:0", "[fd00::7]:0"}));
  server_.a("else.test", "10.0.0.2");
  EXPECT_EQ(texts(ask("else.test")), (std::vector<std::string>{"10.0.0.2:0"}));
  ::unlink(path);
}

TEST_F(NameLookupTest, BothFamiliesAreOneAnswerWhereThatIsWanted) {
  server_.a("both.test", "10.0.0.1");
  server_.aaaa("both.test", "fd00::1");
  EXPECT_EQ(texts(ask("both.test", Type::kNone, NameLookup::Families::kBoth)),
            (std::vector<std::string>{"10.0.0.1:0", "[fd00::1]:0"}));
}

TEST_F(NameLookupTest, WhatAnsweredLastIsAskedForAlone) {
  server_.a("a.test", "10.0.0.1");
  EXPECT_EQ(ask("a.test", Type::kA, NameLookup::Families::kBoth).records.size(), 1u);
  EXPECT_EQ(server_.queries("a.test", DnsServer::kSrv), 0);
  server_.clear("a.test");
  server_.srv("a.test", 1, 1, 8080, "b.test");
  server_.a("b.test", "10.0.0.2");
  EXPECT_EQ(texts(ask("a.test", Type::kA, NameLookup::Families::kBoth)),
            (std::vector<std::string>{"10.0.0.2:8080"}));
}

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    settings_.servers = server_.address();
    settings_.timeout = std::chrono::milliseconds(500);
    settings_.tries = 1;
  }
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (event::Clock::now() > deadline) return false;
      server_.poll();
      loop_.runOnce(event::Millis(1));
    }
    return true;
  }
  std::vector<std::string> resolve(Resolver& resolver, const std::string& name) {
    std::optional<std::vector<std::string>> out;
    resolver.resolve(name, [&](const std::vector<Address>& addresses, ResolveError error) {
      error_ = error;
      out.emplace();
      for (const Address& address : addresses) out->push_back(address.toString());
    });
    EXPECT_TRUE(until([&] { return out.has_value(); }));
    return out.value_or(std::vector<std::string>());
  }

  event::EventLoop loop_;
  DnsServer server_;
  ResolverSettings settings_;
  ResolveError error_ = ResolveError::kNone;
};

TEST_F(ResolverTest, SrvOfAServicesOwnNameGivesPortsAndWeights) {
  server_.srv("svc.test", 1, 3, 8080, "one.test");
  server_.srv("svc.test", 1, 1, 8081, "two.test");
  server_.srv("svc.test", 2, 100, 8082, "spare.test");
  server_.a("one.test", "10.0.0.1");
  server_.a("two.test", "10.0.0.2");
  server_.a("svc.test", "10.0.0.9");
  Resolver resolver(loop_, settings_);
  std::vector<std::string> wheel = resolve(resolver, "svc.test");
  EXPECT_EQ(wheel.size(), 4u);
  EXPECT_EQ(std::count(wheel.begin(), wheel.end(), "10.0.0.1:8080"), 3);
  EXPECT_EQ(std::count(wheel.begin(), wheel.end(), "10.0.0.2:8081"), 1);
}

TEST_F(ResolverTest, ANameWithoutSrvHasItsAddresses) {
  server_.a("a.test", "10.0.0.1");
  server_.aaaa("a.test", "fd00::1");
  Resolver resolver(loop_, settings_);
  std::vector<std::string> found = resolve(resolver, "a.test");
  EXPECT_EQ(found, (std::vector<std::string>{"10.0.0.1:0", "[fd00::1]:0"}));
  EXPECT_EQ(server_.queries("a.test", DnsServer::kA), 1);
}

TEST_F(ResolverTest, AddressesAreTakenInTurn) {
  server_.a("a.test", "10.0.0.1");
  server_.a("a.test", "10.0.0.2");
  Resolver resolver(loop_, settings_);
  ASSERT_EQ(resolve(resolver, "a.test").size(), 2u);
  std::set<size_t> turns;
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(resolver.cached("a.test"), nullptr);
    turns.insert(resolver.turn() % 2);
  }
  EXPECT_EQ(turns.size(), 2u);
}

TEST_F(ResolverTest, WhatFailedIsAskedForAgainWhenTheSettingsSay) {
  settings_.notFoundTtl = settings_.errorTtl = std::chrono::milliseconds(20);
  Resolver resolver(loop_, settings_);
  EXPECT_TRUE(resolve(resolver, "late.test").empty());
  EXPECT_EQ(error_, ResolveError::kNotFound);
  server_.a("late.test", "10.0.0.1");
  EXPECT_TRUE(until([&] { return !resolve(resolver, "late.test").empty(); }));
  server_.fail(2);
  EXPECT_TRUE(resolve(resolver, "broken.test").empty());
  EXPECT_EQ(error_, ResolveError::kFailed);
}

TEST_F(ResolverTest, EndsInTheMiddleOfAQuestion) {
  Resolver resolver(loop_, settings_);
  bool told = false;
  resolver.resolve("never.test", [&](const auto&, ResolveError) { told = true; });
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace tollgate::net
