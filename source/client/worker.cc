#include "source/client/worker.h"

#include <algorithm>

#include "source/client/services.h"

namespace tollgate::client {
namespace {

constexpr std::chrono::milliseconds kSweepInterval{20};

}  // namespace

Worker::Worker(Services& process, event::EventLoop& loop, size_t number)
    : WorkerServices(loop, number),
      process_(process),
      dialer_(loop, process.settings_.resolver),
      http_(dialer_) {}

Worker::~Worker() = default;

http::FilterServices& Worker::process() { return process_; }

stats::Counter& Worker::counter(const stats::Metric& metric, const stats::LabelValues& labels) {
  auto& ofMetric = counters_[metric.name];
  auto found = ofMetric.find(labels);
  if (found != ofMetric.end()) return *found->second;
  const bool full = ofMetric.size() >= kMaxLabelled;
  const stats::LabelValues other(labels.size(), std::string(stats::LabelTable::kOtherValue));
  const stats::LabelValues& own = full ? other : labels;
  stats::Counter*& cell = ofMetric[own];
  if (cell == nullptr) cell = &process_.newCounter(metric, own);
  return *cell;
}

void Worker::keep(uint64_t id, std::unique_ptr<http::WorkerState> state) {
  if (draining_) state->finish();
  states_[id] = std::move(state);
}

void Worker::retire(uint64_t id) {
  auto found = states_.find(id);
  if (found == states_.end()) return;
  found->second->finish();
  retired_.push_back({std::move(found->second), loop().now() + kFinishLimit});
  states_.erase(found);
  sweep();
}

void Worker::finishAll() {
  draining_ = true;
  for (auto& [id, state] : states_) state->finish();
  sweep();
}

/// Lets go of what is done, and looks again while something is not.
void Worker::sweep() {
  const event::TimePoint now = loop().now();
  std::erase_if(retired_,
                [now](const Retired& each) { return !each.state->busy() || now >= each.until; });
  const bool more = !retired_.empty();
  if (draining_) {  // before, expectFinish() has said so, and finishAll() is still to come
    const bool busy = more || std::any_of(states_.begin(), states_.end(), [](const auto& each) {
                        return each.second->busy();
                      });
    busy_.store(busy, std::memory_order_relaxed);
  }
  // What is still in service at the drain may become busy again.
  if (more || draining_) loop().arm(timer_, kSweepInterval);
}

void Worker::close() {
  event::EventLoop::cancel(timer_);
  retired_.clear();
  states_.clear();
  http_.close();
}

}  // namespace tollgate::client
