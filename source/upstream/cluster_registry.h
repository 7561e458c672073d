#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/net/name_lookup.h"
#include "source/upstream/cluster_handle.h"
#include "source/upstream/cluster_health.h"
#include "source/upstream/worker_clusters.h"

namespace tollgate::upstream {

/// Who keeps the names of targets resolved and the endpoints probed. Called under the registry's
/// lock: only notes what it is told.
class ClusterObserver : public HealthListener {
 public:
  virtual void onNameWanted(const std::string& name) = 0;
  virtual void onNameUnwanted(const std::string& name) = 0;
  /// A new version of a cluster.
  virtual void onCluster(std::shared_ptr<const Cluster> cluster) = 0;
  virtual void onClusterGone(const std::string& name) = 0;

 protected:
  ~ClusterObserver() = default;
};

/// The upstreams of this node: makes clusters from their specifications and what names resolve to,
/// keeps the state of endpoints over configurations, and gives every new version to the workers
/// through their mailboxes. Locks, so it is for the control thread and the main thread; workers
/// never call it.
class ClusterRegistry {
 public:
  /// How long an endpoint's state is kept after nothing lists it any more.
  static constexpr std::chrono::seconds kKeep{300};

  explicit ClusterRegistry(size_t workers) : workers_(workers) {}

  /// A worker is given all clusters now and every change from now on. Its loop must not run yet.
  void addWorker(event::EventLoop& loop, WorkerClusters& clusters);
  /// Tells the observer everything at once, and from now on every change. Once.
  void setObserver(ClusterObserver& observer);

  /// Puts an upstream in the place of the one with that name, or adds it. What workers get of it is
  /// posted before this returns.
  void put(std::shared_ptr<const ClusterSpec> spec);
  void remove(const std::string& name);
  /// Removes every upstream but these.
  void keepOnly(const std::set<std::string>& names);
  /// The handle of an upstream that there is, else nullptr.
  std::shared_ptr<const ClusterHandle> find(const std::string& name);

  /// What a wanted name was resolved to.
  void onRecords(const std::string& name, net::NameRecords records);

  /// The state of an upstream for people; nullopt if there is none of that name. Waits up to
  /// `limit` for names that are being resolved for the first time.
  std::optional<ClusterHealth> health(const std::string& name, std::chrono::milliseconds limit);
  /// Sets the state of the addresses of a target, or of the one at `address` ("" means all), by
  /// hand. kNotFound if there is no such upstream, target or address; kInvalid with no health
  /// checks.
  Status setHealth(const std::string& name, const std::string& targetId, const std::string& address,
                   bool healthy);

  /// Forgets what was kept for kKeep. To be called now and then.
  void sweep(event::TimePoint now);
  size_t clusters() const;
  size_t endpoints() const;

 private:
  struct Kept {
    std::shared_ptr<Endpoint> endpoint;
    std::optional<event::TimePoint> unusedSince;
  };
  struct Entry {
    std::shared_ptr<ClusterHandle> handle;
    std::shared_ptr<const ClusterSpec> spec;  ///< nullptr once the upstream is gone.
    std::shared_ptr<const Cluster> cluster;
    std::shared_ptr<HealthEpoch> health;
    std::map<std::string, Kept> endpoints;  ///< By address, port and host.
    event::TimePoint goneSince{};
  };
  struct Name {
    std::optional<net::NameRecords> records;
    std::map<std::string, size_t> users;  ///< Targets of that name, by cluster.
  };
  struct Outlet {
    event::EventLoop* loop;
    WorkerClusters* clusters;
  };

  void removeEntry(const std::string& name, Entry& entry);
  void wantNames(const ClusterSpec* before, const ClusterSpec* after);
  void rebuild(Entry& entry);
  void addTarget(Entry& entry, uint32_t target, Cluster::Parts& parts);
  std::shared_ptr<Endpoint> endpointFor(Entry& entry, const net::Address& address,
                                        const std::string& host, uint16_t port);
  void markUnused(Entry& entry);
  void publish(const Entry& entry);
  void retire(std::shared_ptr<const Cluster> cluster);

  const size_t workers_;
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::vector<Outlet> outlets_;
  ClusterObserver* observer_ = nullptr;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Name> names_;
  std::vector<uint32_t> freeSlots_;
  uint32_t nextSlot_ = 0;
  /// Versions that workers may still use, kept so that it is not a worker that takes them apart.
  std::vector<std::shared_ptr<const Cluster>> retired_;
};

}  // namespace tollgate::upstream
