#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "source/client/http_client.h"
#include "source/http/filter_services.h"

namespace tollgate::client {

class Services;

/// The services of one worker, on its thread but for what says otherwise.
class Worker final : public http::WorkerServices, public event::Deferred {
 public:
  /// How long a state whose filter is gone may stay busy.
  static constexpr std::chrono::seconds kFinishLimit{60};
  /// Combinations of label values that one metric tells apart.
  static constexpr size_t kMaxLabelled = 200;

  Worker(Services& process, event::EventLoop& loop, size_t number);
  ~Worker() override;

  http::HttpClient& http() override { return http_; }
  net::Dialer& dialer() override { return dialer_; }
  stats::Counter& counter(const stats::Metric& metric, const stats::LabelValues& labels) override;
  http::FilterServices& process() override;

  void keep(uint64_t id, std::unique_ptr<http::WorkerState> state);
  /// The state finishes, and goes when it is done.
  void retire(uint64_t id);
  /// All do, for the process drains; those that come later, too.
  void finishAll();
  /// finishAll() is on its way: busy until then. Any thread.
  void expectFinish() { busy_.store(true, std::memory_order_relaxed); }
  /// Everything ends now; this is destroyed a pass later.
  void close();
  /// After finishAll(): something is still to be done. Any thread.
  bool busy() const { return busy_.load(std::memory_order_relaxed); }

 private:
  struct Retired {
    std::unique_ptr<http::WorkerState> state;
    event::TimePoint until;
  };
  void sweep();

  Services& process_;
  net::Dialer dialer_;
  Http1Client http_;
  std::map<std::string, std::map<stats::LabelValues, stats::Counter*>> counters_;
  std::unordered_map<uint64_t, std::unique_ptr<http::WorkerState>> states_;
  std::vector<Retired> retired_;
  bool draining_ = false;
  std::atomic<bool> busy_{false};
  event::MemberTimer<Worker, &Worker::sweep> timer_{*this};
};

}  // namespace tollgate::client
