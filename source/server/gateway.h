#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "source/admin/api.h"
#include "source/client/services.h"
#include "source/event/event_loop.h"
#include "source/server/acceptor.h"
#include "source/server/admin_reader.h"
#include "source/server/control.h"
#include "source/server/declarative_config.h"
#include "source/server/default_certificates.h"
#include "source/server/end_limit.h"
#include "source/server/loop_lag.h"
#include "source/server/node_context.h"
#include "source/server/node_logs.h"
#include "source/server/node_stats.h"
#include "source/server/open_store.h"
#include "source/server/prefix_folder.h"
#include "source/server/settings.h"
#include "source/server/store_counters.h"
#include "source/server/upstream_tls.h"
#include "source/server/worker.h"
#include "source/upstream/cluster_monitor.h"

namespace tollgate::server {

/// The whole process between reading its settings and its last request. The thread that calls run()
/// is the main thread: signals, Admin and status listeners.
class Gateway {
 public:
  explicit Gateway(Settings settings);
  ~Gateway();

  /// Opens everything; nothing is served yet. Errors name the place and the remedy.
  Status open();
  /// Serves until a signal ends it: SIGTERM, SIGINT and SIGQUIT drain within drain_timeout, SIGHUP
  /// takes up other nodes' writes, reopens the logs and has the listeners' filters read their files
  /// again. Returns the exit code.
  int run();
  /// Where a listener ended up, for ports chosen by the kernel.
  const Settings& settings() const { return settings_; }

 private:
  class Signals;

  Status openStore();
  Status loadConfiguration(const OpenedStore& opened);
  Status openWorkers();
  void openListeners(std::vector<Worker*> workers);
  Status openMain();
  Status compileListeners();
  void noteOpenAdmin();
  void onSignal(int signal);
  void reload();
  void reloadFilters();
  void beginDrain();
  void checkDrained();

  Settings settings_;
  EndLimit endLimit_;
  NodeLogs logs_;  ///< Before all that logs.
  PrefixFolder prefix_;
  DeclarativeConfig declarative_;
  proxy::ProxySettings proxySettings_;
  proxy::ProxySettings adminSettings_;
  net::ResolverSettings resolver_;
  std::unique_ptr<proxy::FailureLog> failureLog_;
  std::unique_ptr<http::Dependencies> dependencies_;
  std::shared_ptr<store::Protector> protector_;
  std::unique_ptr<StoreCounters> counters_;
  std::unique_ptr<UpstreamTls> upstreamTls_;
  NodeStats stats_;
  std::unique_ptr<client::Services> services_;
  std::atomic<bool> recordsWanted_{false};
  http::FilterContext filterContext_;
  ListenerPlans plans_;  ///< Filters in there use the four before.
  LateCertificates lateCertificates_;
  std::unique_ptr<upstream::ClusterRegistry> clusters_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<NodeContext> context_;
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<AdminReader> reader_;  ///< Of a store that has room for one.

  event::EventLoop loop_;
  LoopLag lag_{loop_};
  std::unique_ptr<upstream::ClusterMonitor> clusterMonitor_;
  std::unique_ptr<proxy::WorkerContext> adminContext_, statusContext_;
  std::unique_ptr<Acceptor> adminAcceptor_, statusAcceptor_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<ListenerSet> listeners_;
  std::unique_ptr<Signals> signals_;
  bool draining_ = false;
  bool finishing_ = false;
  event::TimePoint drainUntil_{};
  event::MemberTimer<Gateway, &Gateway::checkDrained> drainTimer_{*this};
};

}  // namespace tollgate::server
