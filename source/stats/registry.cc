#include "source/stats/registry.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tollgate::stats {
namespace {

/// As the text formats of metrics allow them, without capitals.
bool isName(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

std::string_view nameOf(Kind kind) {
  constexpr std::string_view kNames[] = {"counter", "gauge", "histogram"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view nameOf(Unit unit) {
  constexpr std::string_view kNames[] = {"", "bytes", "milliseconds"};
  return kNames[static_cast<size_t>(unit)];
}

uint64_t Sample::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0});
}

void Gathering::add(const LabelValues& labels, int64_t value) { samples_[labels].value += value; }

void Gathering::add(const LabelValues& labels, const HistogramView& histogram) {
  bounds_.assign(histogram.bounds.begin(), histogram.bounds.end());
  Sample& sample = samples_[labels];
  sample.value += static_cast<int64_t>(histogram.sum->value());
  sample.buckets.resize(std::max(sample.buckets.size(), histogram.buckets.size()));
  for (size_t i = 0; i < histogram.buckets.size(); ++i) {
    sample.buckets[i] += histogram.buckets[i].value();
  }
}

bool Registry::add(const Metric& metric, Source source) {
  if (!isName(metric.name) || !std::all_of(metric.labels.begin(), metric.labels.end(), isName)) {
    return false;
  }
  std::lock_guard lock(mutex_);
  auto same = std::find_if(known_.begin(), known_.end(),
                           [&](const auto& known) { return known->metric.name == metric.name; });
  if (same == known_.end()) {
    known_.push_back(std::make_unique<Known>(Known{metric, {}}));
    same = std::prev(known_.end());
  } else if ((*same)->metric != metric) {
    return false;
  }
  (*same)->sources.push_back(std::move(source));
  return true;
}

bool Registry::add(const Metric& metric, const Counter& cell, LabelValues labels) {
  return add(metric, [&cell, labels = std::move(labels)](Gathering& values) {
    values.add(labels, static_cast<int64_t>(cell.value()));
  });
}

bool Registry::add(const Metric& metric, const Gauge& cell, LabelValues labels) {
  return add(metric, [&cell, labels = std::move(labels)](Gathering& values) {
    values.add(labels, cell.value());
  });
}

bool Registry::add(const Metric& metric, const HistogramView& histogram, LabelValues labels) {
  return add(metric, [histogram, labels = std::move(labels)](Gathering& values) {
    values.add(labels, histogram);
  });
}

bool Registry::add(const Metric& metric, std::function<int64_t()> value) {
  return add(metric, [value = std::move(value)](Gathering& values) { values.add({}, value()); });
}

Snapshot Registry::snapshot() const {
  std::lock_guard lock(mutex_);
  Snapshot out;
  out.reserve(known_.size());
  for (const auto& known : known_) {
    Gathering values;
    for (const Source& source : known->sources) source(values);
    Family& family = out.emplace_back();
    family.metric = known->metric;
    family.bounds = std::move(values.bounds_);
    for (auto& [labels, sample] : values.samples_) {
      family.samples.push_back(std::move(sample));
      family.samples.back().labels = labels;
    }
  }
  return out;
}

}  // namespace tollgate::stats
