#include "source/config/compiled_upstreams.h"

#include <gtest/gtest.h>

namespace tollgate::config {
namespace {

using upstream::HashInput;

class CompiledUpstreamsTest : public testing::Test {
 protected:
  void target(const std::string& id, const std::string& upstream, const std::string& target,
              double created = 1, int weight = 100) {
    upstreams_.targets().put(id, {{"id", id},
                                  {"upstream", {{"id", upstream}}},
                                  {"target", target},
                                  {"weight", weight},
                                  {"created_at", created}});
  }
  void upstream(const std::string& id, const std::string& name) {
    upstreams_.put(id, {{"id", id}, {"name", name}});
  }
  std::vector<std::string> targetsOf(const std::string& name) {
    std::vector<std::string> out;
    auto health = registry_.health(name, {});
    if (!health) return {"none"};
    for (const auto& target : health->targets) {
      out.push_back(target.host + ":" + std::to_string(target.port));
    }
    return out;
  }
  using Texts = std::vector<std::string>;

  upstream::ClusterRegistry registry_{1};
  Problems problems_;
  OriginCertificates certificates_;
  CompiledUpstreams upstreams_{&registry_, certificates_, problems_};
};

TEST_F(CompiledUpstreamsTest, TargetsComeInTheOrderOfTheirCreation) {
  target("b", "u", "10.0.0.2:80", 1.5);
  target("a", "u", "10.0.0.1:80", 2.5);
  target("c", "u", "[0000:0000:0000:0000:0000:0000:0000:0001]:443", 0.5);
  upstream("u", "up");
  upstreams_.publish();
  EXPECT_EQ(targetsOf("up"),
            (Texts{"[0000:0000:0000:0000:0000:0000:0000:0001]:443", "10.0.0.2:80", "10.0.0.1:80"}));
  EXPECT_EQ(upstreams_.size(), 1u);
  EXPECT_EQ(upstreams_.targets().size(), 3u);
}

TEST_F(CompiledUpstreamsTest, ServicesLearnOfNamesThatComeAndGo) {
  upstream("u", "up");
  EXPECT_EQ(upstreams_.find("up"), nullptr) << "not published yet";
  upstreams_.publish();
  EXPECT_EQ(upstreams_.takeSwitched(), (std::set<std::string>{"up"}));
  EXPECT_NE(upstreams_.find("up"), nullptr);
  target("t", "u", "10.0.0.1:80");
  upstream("u", "up");
  upstreams_.publish();
  EXPECT_EQ(upstreams_.takeSwitched(), (std::set<std::string>{})) << "the name is the same";
  upstream("u", "other");
  upstreams_.publish();
  EXPECT_EQ(upstreams_.takeSwitched(), (std::set<std::string>{"other", "up"}));
  EXPECT_EQ(upstreams_.find("up"), nullptr);
  EXPECT_EQ(targetsOf("up"), Texts{"none"});
  EXPECT_EQ(targetsOf("other"), Texts{"10.0.0.1:80"});
}

TEST_F(CompiledUpstreamsTest, ANameMayPassFromOneToAnother) {
  upstream("a", "up");
  target("t", "a", "10.0.0.1:80");
  upstreams_.publish();
  upstreams_.targets().remove("t");
  upstreams_.remove("a");
  upstream("b", "up");
  target("t2", "b", "10.0.0.2:80");
  upstreams_.publish();
  EXPECT_EQ(targetsOf("up"), Texts{"10.0.0.2:80"});
  EXPECT_NE(upstreams_.find("up"), nullptr);
}

TEST_F(CompiledUpstreamsTest, TargetsChangeAndMove) {
  upstream("a", "one");
  upstream("b", "two");
  target("t", "a", "10.0.0.1:80");
  upstreams_.publish();
  target("t", "b", "10.0.0.1:81");
  upstreams_.publish();
  EXPECT_EQ(targetsOf("one"), Texts{});
  EXPECT_EQ(targetsOf("two"), Texts{"10.0.0.1:81"});
  upstreams_.targets().remove("t");
  upstreams_.targets().remove("t");
  upstreams_.publish();
  EXPECT_EQ(targetsOf("two"), Texts{});
}

TEST_F(CompiledUpstreamsTest, AFreshCompilationTakesOutWhatItDoesNotKnow) {
  upstream("a", "one");
  upstream("b", "two");
  upstreams_.publish();
  CompiledUpstreams fresh(&registry_, certificates_, problems_);
  fresh.put("b", {{"id", "b"}, {"name", "two"}});
  fresh.publish();
  EXPECT_EQ(registry_.find("one"), nullptr);
  EXPECT_NE(registry_.find("two"), nullptr);
}

TEST(ClusterSpecs, AreReadFromDocuments) {
  const Json doc = Json::parse(R"({
    "id": "u", "name": "up", "algorithm": "consistent-hashing", "slots": 20000,
    "hash_on": "header", "hash_on_header": "X-User", "hash_fallback": "cookie",
    "hash_on_cookie": "sid", "hash_on_cookie_path": "/shop", "host_header": "api.test",
    "use_srv_name": true, "tags": null, "client_certificate": null,
    "healthchecks": {
      "threshold": 25.5,
      "active": {"type": "https", "timeout": 0.5, "concurrency": 3, "http_path": "/up",
        "https_sni": "sni.test", "https_verify_certificate": false,
        "headers": {"X-A": ["1", "2"], "X-Bad": ["a\r\nHost: evil"]},
        "healthy": {"interval": 1.5, "successes": 2, "http_statuses": [200]},
        "unhealthy": {"interval": 0, "tcp_failures": 3, "timeouts": 4, "http_failures": 255,
                      "http_statuses": [500, 999]}},
      "passive": {"type": "http", "healthy": {"successes": 5, "http_statuses": [201]},
        "unhealthy": {"tcp_failures": 0, "timeouts": 0, "http_failures": 0,
                      "http_statuses": [429]}}}})");
  const upstream::ClusterSpec spec = clusterSpecOf(doc);
  EXPECT_EQ(spec.name, "up");
  EXPECT_EQ(spec.algorithm, upstream::Algorithm::kConsistentHashing);
  EXPECT_EQ(spec.slots, 20000u);
  EXPECT_EQ(spec.hashOn.kind, HashInput::Kind::kHeader);
  EXPECT_EQ(spec.hashOn.name, "X-User");
  EXPECT_EQ(spec.hashFallback.kind, HashInput::Kind::kCookie);
  EXPECT_EQ(spec.hashFallback.name, "sid");
  EXPECT_EQ(spec.cookiePath, "/shop");
  EXPECT_EQ(spec.hostHeader, "api.test");
  EXPECT_TRUE(spec.useSrvName);
  EXPECT_EQ(spec.threshold, 25.5);
  EXPECT_EQ(spec.active.type, upstream::ActiveChecks::Type::kHttps);
  EXPECT_EQ(spec.active.timeout.count(), 500);
  EXPECT_EQ(spec.active.concurrency, 3u);
  EXPECT_EQ(spec.active.serverName, "sni.test");
  EXPECT_EQ(spec.active.headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-A", "1"}, {"X-A", "2"}}))
      << "what would begin another line is left out";
  EXPECT_EQ(spec.active.healthyInterval.count(), 1500);
  EXPECT_EQ(spec.active.unhealthyInterval.count(), 0);
  EXPECT_EQ(spec.active.limits.successes, 2);
  EXPECT_EQ(spec.active.limits.httpFailures, 255);
  EXPECT_TRUE(spec.active.limits.unhealthyStatuses[999]);
  EXPECT_FALSE(spec.active.limits.unhealthyStatuses[200]);
  EXPECT_EQ(spec.passive.successes, 5);
  EXPECT_TRUE(spec.passive.healthyStatuses[201]);
  EXPECT_TRUE(spec.healthChecks());
}

TEST(ClusterSpecs, HealthChecksNeedMoreThanPassiveSuccesses) {
  auto spec = clusterSpecOf(Json::parse(R"({"name": "up", "healthchecks": {"passive":
      {"healthy": {"successes": 3}}}})"));
  EXPECT_FALSE(spec.healthChecks());
  spec = clusterSpecOf(Json::parse(R"({"name": "up", "healthchecks": {"passive":
      {"unhealthy": {"timeouts": 1}}}})"));
  EXPECT_TRUE(spec.healthChecks());
  spec = clusterSpecOf(Json::parse(R"({"name": "up", "healthchecks": {"active":
      {"unhealthy": {"interval": 0.1}}}})"));
  EXPECT_TRUE(spec.healthChecks());
}

TEST(ClusterSpecs, AnythingElseInTheStoreIsAsIfUnset) {
  const auto spec = clusterSpecOf(Json::parse(R"({"name": 5, "algorithm": [], "slots": -1,
      "hash_on": "sometimes", "healthchecks": {"active": 7, "threshold": "x",
      "passive": {"unhealthy": {"tcp_failures": 1000, "http_statuses": [-1, 5000, "a"]}}}})"));
  EXPECT_EQ(spec.algorithm, upstream::Algorithm::kRoundRobin);
  EXPECT_EQ(spec.hashOn.kind, HashInput::Kind::kNone);
  EXPECT_EQ(spec.slots, 10u);
  EXPECT_EQ(spec.passive.tcpFailures, 255);
  EXPECT_TRUE(spec.passive.unhealthyStatuses.none());
}

}  // namespace
}  // namespace tollgate::config
