#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "source/admin/context.h"
#include "source/admin/deadline_store.h"
#include "source/server/admin_filter.h"
#include "source/server/cluster_admin.h"
#include "source/server/control.h"
#include "source/server/declarative_config.h"
#include "source/server/listener_set.h"
#include "source/server/node_stats.h"
#include "source/server/settings.h"
#include "source/server/write_warnings.h"
#include "source/store/sealed/protector.h"

namespace tollgate::server {

/// What the Admin API and the probes learn about this process. counters(), metrics(), memory(),
/// now(), node() and standing(), committed(), waitLimits() and notReady() may be called from any
/// thread; the rest from the control thread.
class NodeContext final : public admin::ApiContext, public StatusFilter::Source {
 public:
  /// All that is borrowed must outlive it.
  NodeContext(const Settings& settings, Control& control, const store::Protector& protector,
              DeclarativeConfig& declarative, upstream::ClusterRegistry& clusters,
              std::string nodeId);
  /// What the process counts; outlives it.
  void setStats(const NodeStats& stats) { stats_ = &stats; }
  void setListeners(const ListenerSet& listeners) { listeners_ = &listeners; }
  /// Where an Admin API listens that asks nobody who they are; nullptr: nowhere.
  void setOpenAdmin(const net::OpenAdmin* open) { openAdmin_ = open; }
  void setDraining() { draining_ = true; }
  void setDependencies(http::Dependencies& dependencies) { dependencies_ = &dependencies; }

  store::Store& store() override { return store_; }
  void beginCall() override { store_.begin(); }
  std::chrono::milliseconds callLimit() override { return callLimit(settings_); }
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     store::Reason reason) override;
  store::Revision committed() override { return committed_.load(std::memory_order_relaxed); }
  Result<store::Revision> advance(const store::Reason& reason) override;
  store::NodeRecord self() override { return control_.self(); }
  store::NodeRegistry::Limits nodeLimits() override { return control_.options().presence.limits; }
  std::string notLive() override { return control_.notLive(); }
  admin::WaitLimits waitLimits() override;
  admin::Standing standing() override { return control_.standing(); }
  double now() override;
  std::vector<admin::DependencyInfo> dependencies() override;
  admin::NodeInfo node() override;
  Json configuration() override;
  admin::ServerCounters counters() override;
  stats::Snapshot metrics() override;
  admin::MemoryUse memory() override;
  std::vector<std::string> enabledPlugins() override;
  bool pluginListed(std::string_view name) override;
  admin::UpstreamHealth& upstreamHealth() override { return clusters_; }
  Status checkEntity(std::string_view kind, const std::string& id, const Json& doc) override {
    return kind == "listeners" && listeners_ != nullptr ? listeners_->check(id, doc) : Status();
  }
  std::vector<std::string> warnings(std::string_view kind, const Json& doc) override;
  std::vector<std::string> guiOrigins() override;
  std::string logLevel() override;
  bool setLogLevel(std::string_view level, uint64_t seconds, bool wholeCluster) override;
  void logError(std::string_view text) override;
  std::string configurationHash() override { return declarative_.hash(); }
  void configurationReplaced(const std::string& hash) override {
    declarative_.replaced(hash, control_.store());
  }
  std::string credentialTrouble() override { return protector_.trouble(); }
  std::string notReady() override;

 private:
  static std::chrono::milliseconds callLimit(const Settings& settings);

  const Settings& settings_;
  Control& control_;
  admin::DeadlineStore store_;
  const store::Protector& protector_;
  DeclarativeConfig& declarative_;
  admin::NodeInfo node_;
  ClusterAdmin clusters_;
  const NodeStats* stats_ = nullptr;
  std::atomic<store::Revision> committed_{0};
  const ListenerSet* listeners_ = nullptr;
  const net::OpenAdmin* openAdmin_ = nullptr;
  http::Dependencies* dependencies_ = nullptr;
  std::atomic<bool> draining_{false};
};

}  // namespace tollgate::server
