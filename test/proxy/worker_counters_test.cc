#include "source/proxy/worker_counters.h"

#include <map>

#include "source/stats/registry.h"
#include "test/proxy/support.h"

namespace tollgate::proxy {
namespace {

/// What a metric says, by its label values joined with "/".
std::map<std::string, int64_t> valuesOf(const stats::Registry& registry, std::string_view name) {
  std::map<std::string, int64_t> out;
  for (const stats::Family& family : registry.snapshot()) {
    if (family.metric.name != name) continue;
    for (const stats::Sample& sample : family.samples) {
      std::string labels;
      for (const std::string& value : sample.labels) labels += (labels.empty() ? "" : "/") + value;
      out[labels] = sample.value;
    }
  }
  return out;
}

TEST(StatusCounters, TellsClassesAndCodesAndWhatIsNone) {
  StatusCounters counters;
  for (int status : {100, 200, 200, 404, 599, 600, 99, 0, -1, 999}) counters.add(status);
  EXPECT_EQ(counters.total(), 10u);
  stats::Registry registry;
  counters.describe(registry);
  EXPECT_EQ(
      valuesOf(registry, "tollgate_requests_total"),
      (std::map<std::string, int64_t>{
          {"1xx/100", 1}, {"2xx/200", 2}, {"4xx/404", 1}, {"5xx/599", 1}, {"other/other", 5}}));
}

TEST(WorkerCounters, NamesEachRefusalAndFailureOnce) {
  WorkerCounters one, two;
  stats::Registry registry;
  one.describe(registry);
  two.describe(registry);
  http::ExchangeInfo info;
  info.answeredBy = http::AnsweredBy::kGateway;
  one.requestEnded(info, 404);
  two.requestEnded(info, 404);
  two.count(http::FailureCause::kReadTimedOut);
  const auto refusals = valuesOf(registry, "tollgate_requests_refused_total");
  EXPECT_EQ(refusals.size(), kRefusals);
  EXPECT_FALSE(refusals.contains(""));
  EXPECT_EQ(refusals.at("no_route"), 2);
  const auto failures = valuesOf(registry, "tollgate_upstream_failures_total");
  EXPECT_EQ(failures.size(), http::kFailureCauses - 1);
  EXPECT_EQ(failures.at("read_timed_out"), 1);
}

TEST(WorkerCounters, CountsAsRefusedWhatTheGatewayItselfRefuses) {
  using http::AnsweredBy;
  const http::Named service;
  struct Case {
    AnsweredBy who;
    int status;
    bool hasService;
    Refusal refusal;
  };
  const Case cases[] = {
      {AnsweredBy::kEngine, 400, false, Refusal::kMalformed},
      {AnsweredBy::kEngine, 417, false, Refusal::kMalformed},
      {AnsweredBy::kEngine, 405, false, Refusal::kMethod},
      {AnsweredBy::kEngine, 408, true, Refusal::kBodyTimeout},
      {AnsweredBy::kEngine, 413, true, Refusal::kBodyTooLarge},
      {AnsweredBy::kEngine, 414, false, Refusal::kTargetTooLong},
      {AnsweredBy::kEngine, 421, false, Refusal::kMisdirected},
      {AnsweredBy::kEngine, 431, false, Refusal::kHeadTooLarge},
      {AnsweredBy::kEngine, 501, false, Refusal::kNotSupported},
      {AnsweredBy::kEngine, 500, false, Refusal::kRouteTooCostly},
      {AnsweredBy::kEngine, 503, false, Refusal::kNoConfiguration},
      {AnsweredBy::kGateway, 404, false, Refusal::kNoRoute},
      {AnsweredBy::kGateway, 503, false, Refusal::kNoService},
      {AnsweredBy::kGateway, 426, true, Refusal::kProtocol},
      {AnsweredBy::kGateway, 301, true, Refusal::kProtocol},
      {AnsweredBy::kGateway, 403, true, Refusal::kOpenAdmin},
  };
  for (const Case& each : cases) {
    WorkerCounters counters;
    http::ExchangeInfo info;
    info.answeredBy = each.who;
    if (each.hasService) info.service = &service;
    counters.requestEnded(info, each.status);
    EXPECT_EQ(counters.of(each.refusal), 1u) << each.status;
    EXPECT_EQ(counters.ended.total(), 1u);
  }
}

TEST(WorkerCounters, CountsNoFailureOfAnOriginAndNoFilterAsRefusal) {
  const http::Named service;
  WorkerCounters counters;
  http::ExchangeInfo info;
  info.service = &service;
  info.attempts = 3;
  for (int status : {500, 502, 503, 504}) {
    info.answeredBy = http::AnsweredBy::kGateway;
    counters.requestEnded(info, status);
  }
  for (auto who : {http::AnsweredBy::kOrigin, http::AnsweredBy::kFilter}) {
    info.answeredBy = who;
    counters.requestEnded(info, 404);
  }
  for (const stats::Counter& each : counters.refusals) EXPECT_EQ(each, 0u);
  EXPECT_EQ(counters.ended.total(), 6u);
  EXPECT_EQ(counters.retries, 12u);
}

/// One connection on its way: waiting, in a head, with a request under way, waiting, gone.
TEST_F(ProxyTest, CountsWhereAConnectionStands) {
  const WorkerCounters& counters = worker_.counters;
  client_ = Peer::connect(proxy_->address());
  ASSERT_TRUE(until([&] { return counters.active == 1; }));
  EXPECT_EQ(counters.waiting, 1);
  EXPECT_EQ(counters.reading, 0);
  client_.send("GET /api/x HTTP/1.1\r\n");
  ASSERT_TRUE(until([&] { return counters.reading == 1; }));
  EXPECT_EQ(counters.waiting, 0);
  EXPECT_EQ(counters.begun, 0u);
  client_.send("Host: a\r\n\r\n");
  std::string seen;
  ASSERT_TRUE(originHas(0, "\r\n\r\n", seen));
  EXPECT_EQ(counters.reading + counters.waiting, 0);
  EXPECT_EQ(counters.begun, 1u);
  EXPECT_EQ(counters.ended.total(), 0u);
  EXPECT_EQ(worker_.pool.counters().opened, 1u);
  EXPECT_EQ(worker_.pool.counters().open, 1);
  EXPECT_EQ(worker_.pool.counters().idle, 0);
  origins_[0].send("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(clientHas("204"));
  ASSERT_TRUE(until([&] { return counters.waiting == 1; }));
  EXPECT_EQ(counters.ended.total(), 1u);
  EXPECT_EQ(worker_.pool.counters().idle, 1);
  EXPECT_EQ(worker_.rules.counters.bytesRead, 32u);
  EXPECT_EQ(worker_.rules.counters.bytesWritten, answer_.size());
  EXPECT_EQ(worker_.pool.rules().counters.bytesWritten, seen.size());
  client_.send("GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(until([&] { return worker_.pool.counters().reused == 1; }));
  client_.close();
  ASSERT_TRUE(until([&] { return counters.active == 0; }));
  EXPECT_EQ(counters.waiting + counters.reading, 0);
  EXPECT_EQ(counters.ended.total(), 2u);
  EXPECT_EQ(counters.handled, 1u);
}

}  // namespace
}  // namespace tollgate::proxy
