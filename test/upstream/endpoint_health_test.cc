#include "source/upstream/endpoint_health.h"

#include <gtest/gtest.h>

#include <thread>

namespace tollgate::upstream {
namespace {

HealthLimits limits(uint8_t successes, uint8_t tcp, uint8_t http, uint8_t timeouts) {
  HealthLimits out;
  out.successes = successes;
  out.tcpFailures = tcp;
  out.httpFailures = http;
  out.timeouts = timeouts;
  out.healthyStatuses[200] = out.healthyStatuses[302] = true;
  out.unhealthyStatuses[500] = out.unhealthyStatuses[503] = true;
  return out;
}

/// Events: S success, T tcp failure, H http failure, O timeout; expected states after each of them.
struct Case {
  const char* name;
  HealthLimits limits;
  const char* events;
  const char* states;  ///< '+' healthy, '-' unhealthy, after each event
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

class Counters : public testing::TestWithParam<Case> {};

TEST_P(Counters, FollowTheTable) {
  EndpointHealth health;
  const Case& given = GetParam();
  for (size_t i = 0; given.events[i] != '\0'; ++i) {
    const bool before = health.healthy();
    const char c = given.events[i];
    const HealthEvent event = c == 'S'   ? HealthEvent::kSuccess
                              : c == 'T' ? HealthEvent::kTcpFailure
                              : c == 'H' ? HealthEvent::kHttpFailure
                                         : HealthEvent::kTimeout;
    const bool changed = health.report(event, given.limits);
    EXPECT_EQ(health.healthy(), given.states[i] == '+') << "after event " << i;
    EXPECT_EQ(changed, before != health.healthy()) << "event " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Health, Counters,
    testing::Values(
        Case{"failures add up to their limit", limits(0, 3, 0, 0), "TTTT", "++--"},
        Case{"each kind has a counter of its own", limits(0, 2, 2, 2), "THOT", "+++-"},
        Case{"a success clears failures", limits(2, 2, 0, 0), "TSTST", "+++++"},
        Case{"without a limit a success clears nothing", limits(0, 3, 0, 0), "TSTST", "++++-"},
        Case{"a limit of 0 ignores failures", limits(1, 0, 2, 0), "TTTTHTH", "++++++-"},
        Case{"an ignored kind does not clear others", limits(0, 2, 0, 0), "THT", "++-"},
        Case{"a failure clears successes", limits(2, 1, 3, 0), "TSHSHSS", "------+"},
        Case{"successes bring it back", limits(3, 1, 0, 0), "TSSSS", "---++"},
        Case{"counters begin anew after a turn", limits(1, 2, 0, 0), "TTSTT", "+-++-"},
        Case{"successes while healthy need not count", limits(2, 2, 0, 0), "SSSTT", "++++-"},
        Case{"failures while unhealthy need not count", limits(2, 1, 1, 0), "TTTSS", "----+"},
        Case{"a full count of successes settles pending failures", limits(1, 3, 0, 0), "TTSTTT",
             "+++++-"},
        Case{"the greatest limit", limits(0, 1, 255, 0), "HHHT", "+++-"}));

TEST(EndpointHealth, ReadsStatusesByTheLists) {
  EndpointHealth health;
  HealthLimits given = limits(1, 0, 2, 0);
  EXPECT_FALSE(health.reportStatus(502, given)) << "in neither list";
  EXPECT_FALSE(health.reportStatus(500, given));
  EXPECT_TRUE(health.reportStatus(503, given));
  EXPECT_FALSE(health.reportStatus(404, given));
  EXPECT_FALSE(health.healthy());
  EXPECT_TRUE(health.reportStatus(302, given));
  EXPECT_FALSE(health.reportStatus(0, given)) << "no HTTP is an HTTP failure";
  EXPECT_TRUE(health.reportStatus(0, given));
  EXPECT_FALSE(health.reportStatus(1000, given));
  EXPECT_FALSE(health.reportStatus(-1, given));
}

TEST(EndpointHealth, PeopleSetItAndClearTheCounters) {
  EndpointHealth health;
  HealthLimits given = limits(2, 2, 0, 0);
  health.report(HealthEvent::kTcpFailure, given);
  EXPECT_FALSE(health.set(true)) << "was healthy";
  EXPECT_FALSE(health.report(HealthEvent::kTcpFailure, given)) << "counts from 0";
  EXPECT_TRUE(health.healthy());
  EXPECT_TRUE(health.set(false));
  EXPECT_FALSE(health.healthy());
  health.report(HealthEvent::kSuccess, given);
  EXPECT_FALSE(health.healthy());
  health.report(HealthEvent::kSuccess, given);
  EXPECT_TRUE(health.healthy());
}

TEST(EndpointHealth, ManyThreadsTurnItOnce) {
  for (int round = 0; round < 50; ++round) {
    EndpointHealth health;
    HealthLimits given = limits(0, 200, 0, 0);
    std::atomic<int> turns{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) turns += health.report(HealthEvent::kTcpFailure, given);
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(turns, 1);
    EXPECT_FALSE(health.healthy());
  }
}

}  // namespace
}  // namespace tollgate::upstream
