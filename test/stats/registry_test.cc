#include "source/stats/registry.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace tollgate::stats {
namespace {

Metric requests() { return {"requests_total", "Requests.", Kind::kCounter, Unit::kNone, {"code"}}; }

const Sample* find(const Family& family, const LabelValues& labels) {
  for (const Sample& sample : family.samples) {
    if (sample.labels == labels) return &sample;
  }
  return nullptr;
}

TEST(Registry, KeepsNameHelpKindUnitAndLabels) {
  Registry registry;
  Gauge gauge;
  const Metric metric{"memory_bytes", "Memory in use.", Kind::kGauge, Unit::kBytes, {}};
  EXPECT_TRUE(registry.add(metric, gauge));
  gauge.set(5);
  const Snapshot all = registry.snapshot();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].metric, metric);
  EXPECT_EQ(nameOf(all[0].metric.kind), "gauge");
  EXPECT_EQ(nameOf(all[0].metric.unit), "bytes");
  ASSERT_EQ(all[0].samples.size(), 1u);
  EXPECT_EQ(all[0].samples[0].value, 5);
}

TEST(Registry, AddsUpWhatSeveralCount) {
  Registry registry;
  Counter first, second, missing;
  registry.add(requests(), first, {"200"});
  registry.add(requests(), second, {"200"});
  registry.add(requests(), missing, {"404"});
  first.add(3);
  second.add(4);
  missing.add();
  const Snapshot all = registry.snapshot();
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all[0].samples.size(), 2u);
  EXPECT_EQ(find(all[0], {"200"})->value, 7);
  EXPECT_EQ(find(all[0], {"404"})->value, 1);
}

TEST(Registry, TakesNoSecondDescription) {
  Registry registry;
  Counter counter;
  EXPECT_TRUE(registry.add(requests(), counter, {"200"}));
  Metric other = requests();
  other.help = "Something else.";
  EXPECT_FALSE(registry.add(other, counter, {"200"}));
  other = requests();
  other.labels = {"status"};
  EXPECT_FALSE(registry.add(other, counter, {"200"}));
  counter.add();
  const Snapshot all = registry.snapshot();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].samples[0].value, 1);
}

TEST(Registry, TakesNoNameThatIsNone) {
  Registry registry;
  Counter counter;
  for (const char* name : {"", "2xx", "a-b", "A", "a b", "a\n"}) {
    EXPECT_FALSE(registry.add({name, "Help.", Kind::kCounter, Unit::kNone, {}}, counter)) << name;
    EXPECT_FALSE(registry.add({"a", "Help.", Kind::kCounter, Unit::kNone, {name}}, counter))
        << name;
  }
  EXPECT_TRUE(registry.snapshot().empty());
}

TEST(Registry, ReadsArraysByTheNamesOfTheirCells) {
  Registry registry;
  constexpr std::string_view kNames[] = {"slow", "large"};
  std::array<Counter, 2> refused;
  const Metric metric{"refused_total", "Refusals.", Kind::kCounter, Unit::kNone, {"reason"}};
  registry.add(metric, std::span<const Counter>(refused), [&](size_t i) { return kNames[i]; });
  refused[1].add(2);
  const Snapshot all = registry.snapshot();
  EXPECT_EQ(find(all[0], {"slow"})->value, 0);
  EXPECT_EQ(find(all[0], {"large"})->value, 2);
}

TEST(Registry, AsksForWhatIsNotCounted) {
  Registry registry;
  int64_t revision = 3;
  registry.add({"revision", "The revision.", Kind::kGauge, Unit::kNone, {}},
               [&] { return revision; });
  revision = 4;
  EXPECT_EQ(registry.snapshot()[0].samples[0].value, 4);
}

TEST(Registry, AddsUpHistograms) {
  Registry registry;
  const Metric metric{"lag_milliseconds", "Lag.", Kind::kHistogram, Unit::kMillis, {}};
  Histogram<kMillisBounds> one, two;
  registry.add(metric, one.view());
  registry.add(metric, two.view());
  one.observe(1);
  two.observe(1);
  two.observe(70'000);
  const Snapshot all = registry.snapshot();
  const Sample& sample = all[0].samples[0];
  EXPECT_EQ(all[0].bounds, std::vector<uint64_t>(kMillisBounds.begin(), kMillisBounds.end()));
  EXPECT_EQ(sample.buckets.front(), 2u);
  EXPECT_EQ(sample.buckets.back(), 1u);
  EXPECT_EQ(sample.count(), 3u);
  EXPECT_EQ(sample.value, 70'002);
}

TEST(Registry, ReadsLabelledCellsAndTheOther) {
  Registry registry;
  LabelTable table(1, 1);
  Labelled<Counter> one(table), two(table);
  const Metric metric{"by_route_total", "By route.", Kind::kCounter, Unit::kNone, {"route"}};
  registry.add(metric, one);
  registry.add(metric, two);
  one.at({"a"}).add(1);
  two.at({"a"}).add(2);
  one.at({"b"}).add(4);
  two.at({"c"}).add(8);
  const Snapshot all = registry.snapshot();
  ASSERT_EQ(all[0].samples.size(), 2u);
  EXPECT_EQ(find(all[0], {"a"})->value, 3);
  EXPECT_EQ(find(all[0], {"other"})->value, 12);
}

TEST(Registry, ReadsLabelledHistograms) {
  Registry registry;
  LabelTable table(1, 4);
  Labelled<Histogram<kByteBounds>> sizes(table);
  registry.add({"size_bytes", "Sizes.", Kind::kHistogram, Unit::kBytes, {"service"}}, sizes);
  sizes.at({"a"}).observe(100);
  EXPECT_EQ(find(registry.snapshot()[0], {"a"})->count(), 1u);
}

/// Workers count and meet new labels while somebody reads again and again: what is read never
/// shrinks, and the last look sees all.
TEST(Registry, IsReadWhileSeveralThreadsCount) {
  constexpr size_t kThreads = 3;
  constexpr int kTimes = 20'000;
  struct Worker {
    explicit Worker(LabelTable& table) : byLabel(table) {}
    Counter counter;
    Histogram<kMillisBounds> times;
    Labelled<Counter> byLabel;
  };
  LabelTable table(1, 50);
  Registry registry;
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < kThreads; ++i) {
    Worker& worker = *workers.emplace_back(std::make_unique<Worker>(table));
    registry.add({"all_total", "All.", Kind::kCounter, Unit::kNone, {}}, worker.counter);
    registry.add({"times_milliseconds", "Times.", Kind::kHistogram, Unit::kMillis, {}},
                 worker.times.view());
    registry.add({"labelled_total", "By label.", Kind::kCounter, Unit::kNone, {"label"}},
                 worker.byLabel);
  }
  std::atomic<size_t> running{kThreads};
  std::vector<std::thread> threads;
  for (auto& worker : workers) {
    threads.emplace_back([&running, &worker = *worker] {
      for (int i = 0; i < kTimes; ++i) {
        worker.counter.add();
        worker.times.observe(static_cast<uint64_t>(i % 3000));
        worker.byLabel.at({std::to_string(i % 100)}).add();
      }
      --running;
    });
  }
  int64_t last = 0;
  do {
    const int64_t now = registry.snapshot()[0].samples[0].value;
    EXPECT_GE(now, last);
    last = now;
  } while (running > 0);
  for (std::thread& thread : threads) thread.join();
  const Snapshot all = registry.snapshot();
  constexpr int64_t kAll = int64_t{kThreads} * kTimes;
  EXPECT_EQ(all[0].samples[0].value, kAll);
  EXPECT_EQ(all[1].samples[0].count(), static_cast<uint64_t>(kAll));
  EXPECT_EQ(all[2].samples.size(), 51u);
  int64_t labelled = 0;
  for (const Sample& sample : all[2].samples) labelled += sample.value;
  EXPECT_EQ(labelled, kAll);
}

}  // namespace
}  // namespace tollgate::stats
