#include "source/upstream/balancer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "source/upstream/least_latency.h"
#include "source/upstream/round_robin.h"
#include "test/upstream/support.h"

namespace tollgate::upstream {
namespace {

using event::TimePoint;

HealthLimits oneFailure() {
  HealthLimits out;
  out.tcpFailures = 1;
  return out;
}

void kill(const Cluster& cluster, uint32_t member) {
  cluster.report(member, HealthEvent::kTcpFailure, oneFailure());
}

std::map<uint32_t, int> count(Balancer& balancer, size_t picks) {
  std::map<uint32_t, int> out;
  for (size_t i = 0; i < picks; ++i) ++out[balancer.pick({})];
  return out;
}

TEST(RoundRobin, KeepsExactProportionsOverEveryTurn) {
  auto cluster = clusterOf(Algorithm::kRoundRobin, {100, 50, 0, 250});
  EXPECT_EQ(cluster->wheel().size(), 8u) << "weights are divided by what they have in common";
  auto balancer = makeBalancer(*cluster, 0, 3, {});
  for (int turn = 0; turn < 5; ++turn) {
    EXPECT_EQ(count(*balancer, 8), (std::map<uint32_t, int>{{0, 2}, {1, 1}, {3, 5}})) << turn;
  }
}

TEST(RoundRobin, WorkersDoNotWalkInStep) {
  auto cluster = clusterOf(Algorithm::kRoundRobin, std::vector<uint32_t>(100, 1));
  auto one = makeBalancer(*cluster, 0, 1, {}), two = makeBalancer(*cluster, 0, 2, {});
  EXPECT_NE(one->pick({}), two->pick({}));
}

TEST(RoundRobin, IsShuffled) {
  std::vector<uint32_t> weights(50, 1), sorted(50);
  for (uint32_t i = 0; i < 50; ++i) sorted[i] = i;
  auto a = buildWheel(weights, 1), b = buildWheel(weights, 2);
  EXPECT_NE(a, sorted);
  EXPECT_NE(a, b);
  std::sort(a.begin(), a.end());
  EXPECT_EQ(a, sorted);
}

TEST(RoundRobin, HugeWeightsDoNotTakeHugeMemory) {
  std::vector<uint32_t> weights(1000);
  for (uint32_t i = 0; i < weights.size(); ++i) weights[i] = 65535 - i;
  weights[0] = 1;
  auto wheel = buildWheel(weights, 1);
  EXPECT_LE(wheel.size(), kMaxWheelEntries + weights.size());
  EXPECT_EQ(std::set<uint32_t>(wheel.begin(), wheel.end()).size(), weights.size());
  auto share = std::count(wheel.begin(), wheel.end(), 1u);
  EXPECT_NEAR(static_cast<double>(share), kMaxWheelEntries / 999.0, 2);
}

TEST(RoundRobin, SkipsTheUnhealthyAndPrefersTheUntried) {
  auto cluster = clusterOf(Algorithm::kRoundRobin, {1, 1, 1});
  kill(*cluster, 1);
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  EXPECT_EQ(count(*balancer, 20), (std::map<uint32_t, int>{{0, 10}, {2, 10}}));
  const uint32_t tried[] = {0};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(balancer->pick({0, tried, {}}), 2u);
  const uint32_t both[] = {0, 2};
  EXPECT_NE(balancer->pick({0, both, {}}), Balancer::kNone) << "rather the same again than none";
  kill(*cluster, 0);
  kill(*cluster, 2);
  EXPECT_EQ(balancer->pick({}), Balancer::kNone);
}

TEST(ConsistentHashing, TwoNodesBuildTheSameRing) {
  // The same targets in another order of creation, on a node of its own.
  auto here = clusterOf(Algorithm::kConsistentHashing, {100, 50, 100, 100});
  auto spec = std::make_shared<ClusterSpec>(here->spec());
  std::swap(spec->targets[0], spec->targets[2]);
  Cluster::Parts parts;
  for (uint32_t i = 0; i < 4; ++i) {
    const TargetSpec& target = spec->targets[i];
    parts.members.push_back(
        {std::make_shared<Endpoint>(*net::Address::parse(target.host, 80), target.host, 1),
         target.weight, i, false});
  }
  parts.spec = spec;
  parts.names.resize(4);
  parts.health = std::make_shared<HealthEpoch>();
  Cluster there(std::move(parts));
  auto a = makeBalancer(*here, 0, 1, {}), b = makeBalancer(there, 0, 2, {});
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const uint32_t hash = ringHash("value " + std::to_string(random()));
    EXPECT_EQ(here->members()[a->pick({hash, {}, {}})].endpoint->host(),
              there.members()[b->pick({hash, {}, {}})].endpoint->host());
  }
}

TEST(ConsistentHashing, WalksDownwardsFromTheValuesPoint) {
  // The naive reading of the rule: a table of all slots.
  const uint32_t slots = 1000;
  auto cluster = clusterOf(Algorithm::kConsistentHashing, {100, 100, 50}, 1, slots);
  std::vector<int> table(slots, -1);
  for (int member = 0; member < 3; ++member) {
    const int wanted = static_cast<int>((member == 2 ? 50 : 100) / 250.0 * 3 * 160);
    int given = 0;
    for (int i = 1; given < wanted; ++i) {
      std::string text = "10.0.0." + std::to_string(member + 1) + "::80 " + std::to_string(i);
      int& place = table[ringHash(text) % slots];
      if (place >= 0) continue;
      place = member;
      ++given;
    }
  }
  EXPECT_EQ(cluster->ring().points(), 192u + 192 + 96);
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  for (uint32_t hash = 0; hash < 3 * slots; ++hash) {
    uint32_t at = hash % slots;
    while (table[at] < 0) at = at == 0 ? slots - 1 : at - 1;
    ASSERT_EQ(balancer->pick({hash, {}, {}}), static_cast<uint32_t>(table[at])) << hash;
  }
}

TEST(ConsistentHashing, RetriesGoOnToTheNextOwner) {
  auto cluster = clusterOf(Algorithm::kConsistentHashing, {1, 1, 1, 1});
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  const uint32_t hash = ringHash("somebody");
  const uint32_t first = balancer->pick({hash, {}, {}});
  std::vector<uint32_t> tried{first};
  while (tried.size() < 4) {
    const uint32_t next = balancer->pick({hash, tried, {}});
    EXPECT_EQ(std::count(tried.begin(), tried.end(), next), 0);
    tried.push_back(next);
  }
  // What a retry would have chosen is what everybody gets once the first is unhealthy.
  kill(*cluster, first);
  EXPECT_EQ(balancer->pick({hash, {}, {}}), tried[1]);
}

TEST(ConsistentHashing, MovesLittleWhenAMemberGoes) {
  auto before = clusterOf(Algorithm::kConsistentHashing, std::vector<uint32_t>(10, 100));
  auto after = clusterOf(Algorithm::kConsistentHashing, std::vector<uint32_t>(9, 100));
  auto a = makeBalancer(*before, 0, 0, {}), b = makeBalancer(*after, 0, 0, {});
  int moved = 0, stayed = 0;
  std::map<uint32_t, int> shares;
  for (int i = 0; i < 10000; ++i) {
    const uint32_t hash = ringHash(std::to_string(i));
    const uint32_t was = a->pick({hash, {}, {}});
    ++shares[was];
    if (was == 9) continue;
    (b->pick({hash, {}, {}}) == was ? stayed : moved) += 1;
  }
  EXPECT_LT(moved, stayed / 10);
  for (uint32_t i = 0; i < 10; ++i) EXPECT_NEAR(shares[i], 1000, 400) << i;
}

TEST(ConsistentHashing, MoreTargetsThanTheRingIsMadeForAreStillServed) {
  auto cluster = clusterOf(Algorithm::kConsistentHashing, std::vector<uint32_t>(500, 100), 1, 1000);
  std::set<uint32_t> seen;
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  for (uint32_t hash = 0; hash < 1000; ++hash) seen.insert(balancer->pick({hash, {}, {}}));
  EXPECT_EQ(seen.size(), 500u);
}

TEST(ConsistentHashing, SmallRingsAreMadeLarger) {
  auto cluster = clusterOf(Algorithm::kConsistentHashing, {1, 1}, 1, 10);
  EXPECT_EQ(cluster->ring().points(), 320u);
}

/// The rule in plain words, over all members.
uint32_t naiveLeast(const Cluster& cluster, const Balancer::Request& request) {
  uint32_t best = Balancer::kNone;
  for (int pass = 0; pass < 2 && best == Balancer::kNone; ++pass) {
    for (uint32_t i = 0; i < cluster.members().size(); ++i) {
      const Member& member = cluster.members()[i];
      if (member.weight == 0 || !cluster.available(i)) continue;
      if (pass == 0 && request.hasTried(i)) continue;
      if (best == Balancer::kNone) {
        best = i;
        continue;
      }
      const EndpointLoad &a = cluster.load(i, 0), &b = cluster.load(best, 0);
      const double mine = (a.active + 1.0) / member.weight;
      const double theirs = (b.active + 1.0) / cluster.members()[best].weight;
      if (mine < theirs || (mine == theirs && a.lastPick < b.lastPick)) best = i;
    }
  }
  return best;
}

TEST(LeastConnections, AgreesWithTheRuleUnderRandomLoad) {
  std::mt19937 random(5);
  std::vector<uint32_t> weights;
  for (int i = 0; i < 23; ++i) weights.push_back(random() % 4 * 10);
  auto cluster = clusterOf(Algorithm::kLeastConnections, weights);
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  std::vector<uint32_t> active;
  for (int step = 0; step < 5000; ++step) {
    if (step % 500 == 499) {
      const auto member = static_cast<uint32_t>(random() % 23);
      cluster->setHealth(member, random() % 2 == 0);
    }
    if (!active.empty() && random() % 2 == 0) {
      std::swap(active[random() % active.size()], active.back());
      --cluster->load(active.back(), 0).active;
      balancer->loadChanged(active.back());
      active.pop_back();
      continue;
    }
    std::vector<uint32_t> tried;
    while (random() % 3 == 0) tried.push_back(static_cast<uint32_t>(random() % 23));
    Balancer::Request request{0, tried, {}};
    const uint32_t expected = naiveLeast(*cluster, request);
    const EndpointLoad before =
        expected == Balancer::kNone ? EndpointLoad{} : cluster->load(expected, 0);
    const uint32_t chosen = balancer->pick(request);
    // Several may be equal when none of them was ever chosen.
    if (chosen != expected) {
      ASSERT_NE(chosen, Balancer::kNone);
      EXPECT_EQ(before.lastPick, 0u) << step;
      EXPECT_EQ((cluster->load(chosen, 0).active + 1) * weights[expected],
                (before.active + 1) * weights[chosen]);
    }
    if (chosen == Balancer::kNone) continue;
    ++cluster->load(chosen, 0).active;
    balancer->loadChanged(chosen);
    active.push_back(chosen);
  }
}

TEST(LeastConnections, TakesTurnsWhenIdle) {
  auto cluster = clusterOf(Algorithm::kLeastConnections, {100, 100, 100});
  auto balancer = makeBalancer(*cluster, 0, 0, {});
  EXPECT_EQ(count(*balancer, 9), (std::map<uint32_t, int>{{0, 3}, {1, 3}, {2, 3}}));
}

TEST(Latency, PrefersTheFasterAndComesBackToTheSlow) {
  auto cluster = clusterOf(Algorithm::kLatency, {100, 100});
  TimePoint now{std::chrono::hours(1)};
  auto balancer = makeBalancer(*cluster, 0, 1, now);
  balancer->answered(0, 0.5, now);
  balancer->answered(1, 0.1, now);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(balancer->pick({0, {}, now}), 1u);
  // The fast one keeps answering; the score of the other decays below it within some time.
  int seconds = 0;
  while (balancer->pick({0, {}, now}) == 1 && seconds < 60) {
    now += std::chrono::seconds(1);
    ++seconds;
    balancer->answered(1, 0.1, now);
  }
  EXPECT_GT(seconds, 10);
  EXPECT_LT(seconds, 25) << "0.5 s falls to 0.1 s in 16 s when it halves by e in ten";
}

TEST(Latency, WeighsTheScore) {
  auto cluster = clusterOf(Algorithm::kLatency, {100, 10});
  TimePoint now{std::chrono::hours(1)};
  auto balancer = makeBalancer(*cluster, 0, 1, now);
  balancer->answered(0, 0.3, now);
  balancer->answered(1, 0.1, now);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(balancer->pick({0, {}, now}), 0u);
}

TEST(Latency, AveragesByAge) {
  auto cluster = clusterOf(Algorithm::kLatency, {1});
  TimePoint now{std::chrono::hours(1)};
  auto balancer = makeBalancer(*cluster, 0, 1, now);
  balancer->answered(0, 1.0, now);
  EXPECT_DOUBLE_EQ(cluster->load(0, 0).ewma, 1.0) << "the first one counts in full";
  now += std::chrono::seconds(10);
  balancer->answered(0, 2.0, now);
  const double kept = std::exp(-1.0);
  EXPECT_NEAR(cluster->load(0, 0).ewma, kept + 2 * (1 - kept), 1e-9);
}

TEST(Latency, NewMembersBeginAtTheMean) {
  auto cluster = clusterOf(Algorithm::kLatency, {1, 1, 1});
  TimePoint now{std::chrono::hours(1)};
  {
    auto balancer = makeBalancer(*cluster, 0, 1, now);
    balancer->answered(0, 0.2, now);
    balancer->answered(1, 0.4, now);
  }
  auto next = makeBalancer(*cluster, 0, 1, now);
  EXPECT_NEAR(cluster->load(2, 0).ewma, 0.3, 1e-9);
}

TEST(Latency, ExcludesWhatFailedUntilNothingIsLeft) {
  auto cluster = clusterOf(Algorithm::kLatency, {1, 1, 0, 1});
  auto balancer = makeBalancer(*cluster, 0, 1, {});
  const uint32_t tried[] = {0, 1};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(balancer->pick({0, tried, {}}), 3u);
  const uint32_t all[] = {0, 1, 3};
  EXPECT_EQ(balancer->pick({0, all, {}}), Balancer::kNone);
}

TEST(Cluster, ServesAsLongAsMoreThanTheThresholdIsAvailable) {
  struct Case {
    double threshold;
    int dead;  ///< of four members of equal weight
    bool serves;
  };
  for (const Case& each : {Case{0, 3, true}, Case{0, 4, false}, Case{50, 1, true},
                           Case{50, 2, false}, Case{100, 0, false}, Case{74.9, 1, true}}) {
    auto cluster = clusterOf(Algorithm::kRoundRobin, {100, 100, 100, 100, 0});
    auto spec = std::make_shared<ClusterSpec>(cluster->spec());
    spec->threshold = each.threshold;
    Cluster::Parts parts{
        spec, cluster->members(), cluster->names(), true, std::make_shared<HealthEpoch>(), 0};
    Cluster tested(std::move(parts));
    for (int i = 0; i < each.dead; ++i) kill(tested, static_cast<uint32_t>(i));
    EXPECT_EQ(tested.serves(tested.weight()), each.serves) << each.threshold << " " << each.dead;
  }
  auto empty = clusterOf(Algorithm::kRoundRobin, {});
  EXPECT_FALSE(empty->serves(empty->weight()));
  auto weightless = clusterOf(Algorithm::kRoundRobin, {0, 0});
  EXPECT_FALSE(weightless->serves(weightless->weight()));
}

TEST(Cluster, WithoutHealthChecksNothingIsUnhealthy) {
  auto cluster = clusterOf(Algorithm::kRoundRobin, {1}, 0);
  cluster->setHealth(0, false);
  EXPECT_TRUE(cluster->available(0));
}

}  // namespace
}  // namespace tollgate::upstream
