#include "source/upstream/cluster_registry.h"

#include <gtest/gtest.h>

#include <set>

#include "source/upstream/cluster_monitor.h"
#include "test/support/dns_server.h"

namespace tollgate::upstream {
namespace {

using event::Millis;

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() { registry_.addWorker(loop_, clusters_); }

  static std::shared_ptr<ClusterSpec> spec(const std::string& name,
                                           const std::vector<std::string>& hosts) {
    auto out = std::make_shared<ClusterSpec>();
    out->name = name;
    out->passive.tcpFailures = 1;
    for (const std::string& host : hosts) {
      out->targets.push_back({host + "-id", host, 80, 100});
    }
    return out;
  }
  ClusterView* view(const std::string& name) {
    auto handle = registry_.find(name);
    return handle != nullptr ? clusters_.find(handle->slot) : nullptr;
  }
  void settle() { loop_.runOnce(Millis(0)); }
  template <typename F>
  bool until(F condition) {
    auto deadline = event::Clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (event::Clock::now() > deadline) return false;
      server_.poll();
      loop_.runOnce(Millis(1));
    }
    return true;
  }

  event::EventLoop loop_;
  DnsServer server_;
  WorkerClusters clusters_{0};
  ClusterRegistry registry_{1};
};

TEST_F(RegistryTest, WorkersGetEveryVersion) {
  registry_.put(spec("up", {"10.0.0.1"}));
  settle();
  ASSERT_NE(view("up"), nullptr);
  EXPECT_EQ(view("up")->cluster().members().size(), 1u);
  registry_.put(spec("up", {"10.0.0.1", "10.0.0.2"}));
  settle();
  EXPECT_EQ(view("up")->cluster().members().size(), 2u);
  registry_.remove("up");
  settle();
  EXPECT_EQ(view("up"), nullptr);
  EXPECT_EQ(registry_.clusters(), 0u);
}

TEST_F(RegistryTest, HealthOutlivesTheUpstreamForSomeTime) {
  registry_.put(spec("up", {"10.0.0.1"}));
  ASSERT_TRUE(registry_.setHealth("up", "10.0.0.1-id", "", false).ok());
  registry_.remove("up");
  registry_.sweep(event::Clock::now() + ClusterRegistry::kKeep - std::chrono::seconds(5));
  registry_.put(spec("up", {"10.0.0.1"}));
  EXPECT_FALSE(registry_.health("up", {})->targets[0].addresses[0].healthy);
  registry_.remove("up");
  registry_.sweep(event::Clock::now() + ClusterRegistry::kKeep + std::chrono::seconds(5));
  EXPECT_EQ(registry_.endpoints(), 0u);
  registry_.put(spec("up", {"10.0.0.1"}));
  EXPECT_TRUE(registry_.health("up", {})->targets[0].addresses[0].healthy);
}

TEST_F(RegistryTest, ASlotIsNotGivenAwayWhileASnapshotHoldsIt) {
  registry_.put(spec("one", {"10.0.0.1"}));
  auto held = registry_.find("one");
  registry_.remove("one");
  registry_.sweep(event::Clock::now() + 2 * ClusterRegistry::kKeep);
  registry_.put(spec("two", {"10.0.0.2"}));
  EXPECT_NE(registry_.find("two")->slot, held->slot);
  const uint32_t slot = held->slot;
  held.reset();
  registry_.sweep(event::Clock::now() + 2 * ClusterRegistry::kKeep);
  registry_.put(spec("three", {"10.0.0.3"}));
  EXPECT_EQ(registry_.find("three")->slot, slot);
}

TEST_F(RegistryTest, KeepsOnlyWhatAFreshConfigurationHas) {
  registry_.put(spec("one", {"10.0.0.1"}));
  registry_.put(spec("two", {"10.0.0.1"}));
  registry_.keepOnly({"two", "other"});
  EXPECT_EQ(registry_.find("one"), nullptr);
  EXPECT_NE(registry_.find("two"), nullptr);
}

net::NameRecords recordsOf(std::vector<std::string> ips, int ttl = 60) {
  net::NameRecords out;
  out.type = net::NameRecords::Type::kA;
  out.ttl = std::chrono::seconds(ttl);
  for (const std::string& ip : ips) out.records.push_back({*net::Address::parse(ip, 0), "", 0});
  return out;
}

TEST_F(RegistryTest, EveryAddressOfANameHasTheWholeWeight) {
  registry_.put(spec("up", {"a.test", "10.0.0.9"}));
  registry_.onRecords("a.test", recordsOf({"10.0.0.2", "10.0.0.1"}));
  auto health = *registry_.health("up", {});
  EXPECT_EQ(health.weight.total, 300u);
  EXPECT_EQ(health.targets[0].addresses.size(), 2u);
  EXPECT_EQ(health.targets[0].weight.total, 200u);
  EXPECT_EQ(health.targets[0].dns, "A");
}

TEST_F(RegistryTest, AChangedAnswerKeepsTheHealthOfWhatStays) {
  registry_.put(spec("up", {"a.test"}));
  registry_.onRecords("a.test", recordsOf({"10.0.0.1", "10.0.0.2"}));
  ASSERT_TRUE(registry_.setHealth("up", "a.test-id", "10.0.0.2:80", false).ok());
  settle();
  const Cluster* before = &view("up")->cluster();
  registry_.onRecords("a.test", recordsOf({"10.0.0.2", "10.0.0.1"}));
  settle();
  EXPECT_EQ(&view("up")->cluster(), before) << "another order is no change";
  registry_.onRecords("a.test", recordsOf({"10.0.0.3", "10.0.0.2"}));
  auto health = *registry_.health("up", {});
  ASSERT_EQ(health.targets[0].addresses.size(), 2u);
  EXPECT_EQ(health.targets[0].addresses[0].ip, "10.0.0.2");
  EXPECT_FALSE(health.targets[0].addresses[0].healthy);
  EXPECT_TRUE(health.targets[0].addresses[1].healthy);
}

TEST_F(RegistryTest, SrvRecordsBringPortAndWeight) {
  auto given = spec("up", {"_web.test"});
  given->useSrvName = true;
  registry_.put(given);
  net::NameRecords records;
  records.type = net::NameRecords::Type::kSrv;
  records.ttl = std::chrono::seconds(5);
  records.records.push_back({*net::Address::parse("10.0.0.1", 8080), "one.test", 7});
  records.records.push_back({*net::Address::parse("10.0.0.2", 0), "two.test", 1});
  registry_.onRecords("_web.test", records);
  settle();
  const Cluster& cluster = view("up")->cluster();
  ASSERT_EQ(cluster.members().size(), 2u);
  EXPECT_EQ(cluster.members()[0].weight, 7u);
  EXPECT_EQ(cluster.portOf(0), 8080);
  EXPECT_EQ(cluster.hostOf(0), "one.test");
  EXPECT_EQ(cluster.portOf(1), 80) << "port 0 takes the target's";
  auto plain = spec("up", {"_web.test"});
  registry_.put(plain);
  settle();
  EXPECT_EQ(view("up")->cluster().hostOf(0), "_web.test");
}

TEST_F(RegistryTest, ANameWithoutTimeToLiveIsResolvedEachTime) {
  registry_.put(spec("up", {"a.test"}));
  registry_.onRecords("a.test", recordsOf({"10.0.0.1"}, 0));
  settle();
  const Cluster& cluster = view("up")->cluster();
  ASSERT_EQ(cluster.members().size(), 1u);
  EXPECT_TRUE(cluster.members()[0].resolveAlways);
  auto health = *registry_.health("up", {});
  EXPECT_EQ(health.targets[0].addresses[0].ip, "a.test");
  EXPECT_EQ(health.targets[0].dns, "ttl=0, virtual SRV");
}

TEST_F(RegistryTest, DescribesTargets) {
  auto given = spec(
      "up", {"10.0.0.1", "[0000:0000:0000:0000:0000:0000:0000:0001]", "gone.test", "10.0.0.4"});
  given->targets[3].weight = 0;
  registry_.put(given);
  net::NameRecords records;
  records.error = "dns server error: 3 name error";
  registry_.onRecords("gone.test", records);
  ASSERT_TRUE(registry_.setHealth("up", "10.0.0.1-id", "", false).ok());
  auto health = *registry_.health("up", {});
  using State = TargetHealth::State;
  EXPECT_EQ(health.targets[0].state, State::kUnhealthy);
  EXPECT_EQ(health.targets[0].weight.unavailable(), 100u);
  EXPECT_EQ(health.targets[1].state, State::kHealthy);
  EXPECT_EQ(health.targets[1].addresses[0].ip, "[0000:0000:0000:0000:0000:0000:0000:0001]");
  EXPECT_EQ(health.targets[2].state, State::kDnsError);
  EXPECT_EQ(health.targets[2].dns, "dns server error: 3 name error");
  EXPECT_EQ(health.targets[3].state, State::kChecksOff);
  EXPECT_TRUE(health.serves);
  EXPECT_FALSE(registry_.health("other", {}).has_value());
}

TEST_F(RegistryTest, MarkingSaysWhatIsWrong) {
  EXPECT_EQ(registry_.setHealth("up", "x", "", true).error().message,
            "Upstream up has no balancer");
  auto unchecked = spec("up", {"10.0.0.1"});
  unchecked->passive.tcpFailures = 0;
  registry_.put(unchecked);
  EXPECT_EQ(registry_.setHealth("up", "10.0.0.1-id", "", true).error().message,
            "no healthchecker found for up");
  registry_.put(spec("up", {"10.0.0.1"}));
  EXPECT_EQ(registry_.setHealth("up", "10.0.0.1-id", "10.0.0.2:80", true).error().kind,
            Error::Kind::kNotFound);
  EXPECT_TRUE(registry_.setHealth("up", "10.0.0.1-id", "10.0.0.1:80", false).ok());
}

TEST_F(RegistryTest, TheMonitorKeepsNamesResolved) {
  ClusterMonitor::Settings settings;
  settings.resolver.servers = server_.address();
  settings.resolver.timeout = std::chrono::milliseconds(500);
  settings.resolver.tries = 1;
  settings.resolver.errorTtl = settings.resolver.notFoundTtl = Millis(20);
  settings.grace = Millis(1);
  std::vector<std::string> told;
  settings.log = [&](const std::string& text) { told.push_back(text); };
  server_.a("a.test", "10.0.0.1", 1);
  registry_.put(spec("up", {"a.test"}));
  ClusterMonitor monitor(loop_, registry_, settings, {});
  registry_.setObserver(monitor);
  auto addresses = [&] {
    std::set<std::string> out;
    const ClusterHealth health = *registry_.health("up", {});
    for (const auto& address : health.targets[0].addresses) out.insert(address.ip);
    return out;
  };
  using Ips = std::set<std::string>;
  ASSERT_TRUE(until([&] { return addresses() == Ips{"10.0.0.1"}; }));
  server_.a("a.test", "10.0.0.2", 1);
  ASSERT_TRUE(until([&] { return addresses() == Ips{"10.0.0.1", "10.0.0.2"}; }));
  server_.fail(2);
  const int asked = server_.queries("a.test", DnsServer::kA);
  ASSERT_TRUE(until([&] { return server_.queries("a.test", DnsServer::kA) > asked + 3; }));
  EXPECT_EQ(addresses(), (Ips{"10.0.0.1", "10.0.0.2"})) << "the last good answer is kept";
  server_.fail(0);
  server_.clear("a.test");
  ASSERT_TRUE(until([&] { return addresses().empty(); })) << "the server says that it is gone";
  server_.a("a.test", "10.0.0.3", 60);
  ASSERT_TRUE(until([&] { return addresses() == Ips{"10.0.0.3"}; }))
      << "what did not exist is asked for again as soon as the settings say";
  // Each once, however often it was asked for. What a failure of the server is called is the
  // library's.
  ASSERT_EQ(told.size(), 3u);
  EXPECT_TRUE(told[0].starts_with("the name a.test of targets: dns ")) << told[0];
  EXPECT_EQ(told[1], "the name a.test of targets: dns server error: 3 name error");
  EXPECT_EQ(told[2], "the name a.test of targets: is resolved again");
  registry_.remove("up");
  until([&, passes = 0]() mutable { return ++passes > 50; });
  const int last = server_.queries("a.test", DnsServer::kA);
  until([&, passes = 0]() mutable { return ++passes > 100; });
  EXPECT_EQ(server_.queries("a.test", DnsServer::kA), last) << "nobody wants the name any more";
}

}  // namespace
}  // namespace tollgate::upstream
