#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "source/base/damper.h"
#include "source/net/name_lookup.h"
#include "source/upstream/cluster_registry.h"
#include "source/upstream/health_prober.h"

namespace tollgate::upstream {

/// Keeps what the registry's clusters need from outside: the names of targets resolved, the
/// endpoints probed. Lives on the main thread's loop; what it is told by other threads it takes up
/// there. To be destroyed after the threads that use the registry have ended, before the loop.
class ClusterMonitor final : public ClusterObserver {
 public:
  struct Settings {
    net::ResolverSettings resolver;
    std::chrono::milliseconds grace{500};  ///< After a record has expired.
    std::chrono::milliseconds zeroTtlRetry{60000};
    size_t maxLookups = 64;  ///< Names being resolved at a time.
    /// Told of endpoints whose state has turned and of names that have no addresses; on the loop's
    /// thread.
    std::function<void(const std::string& text)> log;
    std::chrono::milliseconds logInterval{30000};  ///< Between lines about the same name's trouble.
  };

  ClusterMonitor(event::EventLoop& loop, ClusterRegistry& registry, Settings settings,
                 ProbeTls tls);
  ~ClusterMonitor();

  void onNameWanted(const std::string& name) override;
  void onNameUnwanted(const std::string& name) override;
  void onCluster(std::shared_ptr<const Cluster> cluster) override;
  void onClusterGone(const std::string& name) override;
  /// Of the probes' connections. Any thread.
  const net::ConnectionCounters& probeCounters() const { return probeRules_.counters; }

  void onHealthChange(const std::string& cluster, const Endpoint& endpoint, bool healthy) override;

 private:
  /// A name of targets, resolved again and again.
  class Watched final : public event::Timer {
   public:
    Watched(ClusterMonitor& owner, std::string name) : owner(owner), name(std::move(name)) {}
    ClusterMonitor& owner;
    std::string name;
    uint64_t serial = 0;
    bool failing = false;
    net::NameRecords::Type last = net::NameRecords::Type::kNone;
    event::TimePoint goodUntil{};  ///< Until when the last good answer may stand in for a failure.

   private:
    void onTimer() override { owner.lookUp(*this); }
  };

  void lookUp(Watched& watched);
  void startLookups();
  void tell(const std::string& name, const net::NameRecords& records, bool before);
  void onAnswer(const std::string& name, uint64_t serial, net::NameRecords records);
  void probe(std::shared_ptr<const Cluster> cluster);
  void onSweep();

  event::EventLoop& loop_;
  ClusterRegistry& registry_;
  Settings settings_;
  ProbeTls tls_;
  buffer::SlabPool slabs_{16};
  net::ConnectionRules probeRules_;
  std::map<std::string, std::unique_ptr<Watched>> watched_;
  std::map<std::string, std::unique_ptr<HealthProber>> probers_;
  std::deque<std::pair<std::string, uint64_t>> waiting_;
  size_t lookups_ = 0;
  uint64_t serials_ = 0;
  event::MemberTimer<ClusterMonitor, &ClusterMonitor::onSweep> sweepTimer_{*this};
  Damper damper_;
  net::NameLookup lookup_;
};

}  // namespace tollgate::upstream
