#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/stats/cell.h"
#include "source/stats/histogram.h"
#include "source/stats/labelled.h"

namespace tollgate::stats {

enum class Kind : uint8_t { kCounter, kGauge, kHistogram };
enum class Unit : uint8_t { kNone, kBytes, kMillis };

/// "counter", "gauge", "histogram".
std::string_view nameOf(Kind kind);
/// "bytes", "milliseconds", or "".
std::string_view nameOf(Unit unit);

/// What a metric is, said once, where it is counted. Names are those that operators see, in
/// snake_case: counters end in "_total", those with a unit name it before that.
struct Metric {
  std::string name;
  std::string help;  ///< A sentence.
  Kind kind = Kind::kCounter;
  Unit unit = Unit::kNone;
  std::vector<std::string> labels = {};  ///< Names.

  bool operator==(const Metric&) const = default;
};

using LabelValues = std::vector<std::string>;

/// One value of a metric, at one moment.
struct Sample {
  LabelValues labels;             ///< In the order of Metric::labels.
  int64_t value = 0;              ///< Of a histogram: the sum of what was observed.
  std::vector<uint64_t> buckets;  ///< Of a histogram: as HistogramView::buckets.

  uint64_t count() const;  ///< Of a histogram: how often something was observed.
};

/// A metric with all its values, ordered by their labels.
struct Family {
  Metric metric;
  std::vector<uint64_t> bounds;  ///< Of a histogram.
  std::vector<Sample> samples;
};

/// In the order in which the metrics were made known.
using Snapshot = std::vector<Family>;

/// Gathers the values of one metric; those with equal labels are added up.
class Gathering {
 public:
  void add(const LabelValues& labels, int64_t value);
  void add(const LabelValues& labels, const HistogramView& histogram);

 private:
  friend class Registry;
  std::map<LabelValues, Sample> samples_;
  std::vector<uint64_t> bounds_;
};

/// Knows what is counted in a process, and by whom: each worker has cells of its own, and adds them
/// here once. To read takes nothing from those who count.
/// Lifetime: whatever is added outlives the last snapshot().
/// Threads: any.
class Registry {
 public:
  /// Where values come from; called by snapshot(), on its thread.
  using Source = std::function<void(Gathering& values)>;

  // Each adds to the values of `metric`, and makes it known where it is not. False, and nothing is
  // done, where its name is none or a metric of that name was described otherwise.
  bool add(const Metric& metric, Source source);
  bool add(const Metric& metric, const Counter& cell, LabelValues labels = {});
  bool add(const Metric& metric, const Gauge& cell, LabelValues labels = {});
  bool add(const Metric& metric, const HistogramView& histogram, LabelValues labels = {});
  /// Asked for the value whenever somebody looks.
  bool add(const Metric& metric, std::function<int64_t()> value);
  /// One cell for each value of the one label.
  template <typename Cell>
  bool add(const Metric& metric, std::span<const Cell> cells,
           std::function<std::string_view(size_t)> valueOf) {
    return add(metric, [cells, valueOf = std::move(valueOf)](Gathering& values) {
      for (size_t i = 0; i < cells.size(); ++i) {
        values.add({std::string(valueOf(i))}, static_cast<int64_t>(cells[i].value()));
      }
    });
  }
  template <typename Cell>
  bool add(const Metric& metric, const Labelled<Cell>& cells) {
    return add(metric, [&cells](Gathering& values) {
      cells.forEach([&](const LabelValues& labels, const Cell& cell) {
        if constexpr (requires { cell.view(); }) {
          values.add(labels, cell.view());
        } else {
          values.add(labels, static_cast<int64_t>(cell.value()));
        }
      });
    });
  }

  /// All values as they are now. They are read one after the other, so that two that change
  /// together may differ by what happens meanwhile.
  Snapshot snapshot() const;

 private:
  struct Known {
    Metric metric;
    std::vector<Source> sources;
  };

  mutable std::mutex mutex_;  ///< Never taken by who counts.
  std::vector<std::unique_ptr<Known>> known_;
};

}  // namespace tollgate::stats
