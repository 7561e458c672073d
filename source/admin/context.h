#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/admin/upstream_health.h"
#include "source/stats/registry.h"
#include "source/store/node_registry.h"
#include "source/store/store.h"

namespace tollgate::admin {

/// What identifies this node in `GET /`.
struct NodeInfo {
  std::string version;  ///< "3.10.0"-like.
  std::string hostname;
  std::string nodeId;  ///< A UUID.
  int masterPid = 0;
  std::vector<int> workerPids;
};

/// Totals since the start, except those that are said to be current.
struct ServerCounters {
  uint64_t accepted = 0, handled = 0, requests = 0;
  uint64_t active = 0, reading = 0, writing = 0, waiting = 0;  ///< Current.
  /// Connections from clients that a limit has ended, by limit.
  struct Ended {
    uint64_t handshake = 0, send = 0, lingeringTime = 0, lingeringBytes = 0;
    bool any() const { return (handshake | send | lingeringTime | lingeringBytes) != 0; }
  } ended;
};

/// Memory in bytes, as `GET /status` reports it.
struct MemoryUse {
  struct Worker {
    int pid = 0;
    uint64_t bytes = 0;
  };
  struct Area {
    std::string name;
    uint64_t allocated = 0, capacity = 0;
  };
  std::vector<Worker> workers;
  std::vector<Area> areas;
};

/// Where a node stands between its store and its workers.
struct Standing {
  store::Revision revision = 0;       ///< What the workers run.
  store::Revision storeRevision = 0;  ///< Where `behind`: the newest in the database.
  bool behind = false;                ///< The database is, by revisions that this node runs.
  std::vector<std::string> problems;  ///< What was left out; not all where there are many.
  size_t problemCount = 0;
};

/// A server that requests depend on, as `GET /status` reports it.
struct DependencyInfo {
  std::string name;
  bool asked = false;
  bool good = true;
  std::string reason;     ///< Where it is not.
  double since = 0;       ///< Unix seconds, where it is not.
  uint64_t failures = 0;  ///< Since the start.
};

/// How long a write may wait for the other nodes (`?wait=all`).
struct WaitLimits {
  std::chrono::milliseconds usual{30'000};  ///< Where the request names no timeout.
  std::chrono::milliseconds most{300'000};  ///< A request may ask for.
};

/// What the API needs from the process; must outlive the Api. Called on the thread of the Api,
/// which is the control thread where it writes. What only reads and has no store may be called from
/// any thread, since readers share the process.
class ApiContext {
 public:
  virtual ~ApiContext() = default;

  virtual store::Store& store() = 0;
  /// A call begins: from here counts how long it may read.
  virtual void beginCall() {}
  /// How long a call may read; see DeadlineStore.
  virtual std::chrono::milliseconds callLimit() { return std::chrono::seconds(30); }
  /// Writes to the store and returns only when this node's workers run the result.
  virtual std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                             store::Reason reason) = 0;
  /// The revision of the last commit that succeeded; any thread.
  virtual store::Revision committed() { return 0; }
  /// After a commit: what of it this node does not run, though its workers had their time; "" where
  /// they run all of it.
  virtual std::string notLive() { return ""; }
  /// Numbers what the database holds above what any node runs, so that all take it up.
  virtual Result<store::Revision> advance(const store::Reason& reason) {
    (void)reason;
    return Error::unavailable("this node cannot");
  }
  /// Unix seconds with a fraction.
  virtual double now() = 0;

  /// This node as the registry of nodes describes it.
  virtual store::NodeRecord self() { return {}; }
  virtual store::NodeRegistry::Limits nodeLimits() { return {}; }
  virtual WaitLimits waitLimits() { return {}; }
  /// Any thread.
  virtual Standing standing() { return {}; }

  /// Servers that filters ask while requests wait. Any thread.
  virtual std::vector<DependencyInfo> dependencies() { return {}; }

  virtual NodeInfo node() = 0;
  /// The effective configuration, secrets included; the API masks them.
  virtual Json configuration() = 0;
  virtual ServerCounters counters() = 0;
  /// All that this process counts, under our own names. Any thread.
  virtual stats::Snapshot metrics() { return {}; }
  virtual MemoryUse memory() = 0;
  /// Names of the plugins that this node may run.
  virtual std::vector<std::string> enabledPlugins() = 0;
  /// Whether the node's settings name this plugin, if this build has it or not: the credentials of
  /// a plugin can be kept before the plugin itself runs.
  virtual bool pluginListed(std::string_view name) = 0;
  virtual UpstreamHealth& upstreamHealth() = 0;
  /// Of a node without a database: what names its configuration in /status (32 hexadecimal digits,
  /// zeros while there is none). Any thread.
  virtual std::string configurationHash() { return std::string(32, '0'); }
  /// A configuration of that hash was taken over as a whole.
  virtual void configurationReplaced(const std::string& hash) { (void)hash; }
  /// Whether this node can run a document that its schema has let through; errors name the field.
  virtual Status checkEntity(std::string_view kind, const std::string& id, const Json& doc) {
    return {};
  }
  /// What whoever wrote a document should know although it was written. The thread of
  /// writes.
  virtual std::vector<std::string> warnings(std::string_view kind, const Json& doc) {
    (void)kind, (void)doc;
    return {};
  }
  /// Origins of the browser interface ("https://host:port"); where there are none, no page may use
  /// the credentials that a browser holds.
  virtual std::vector<std::string> guiOrigins() { return {}; }

  virtual std::string logLevel() { return "notice"; }
  /// False where the level is unknown. `seconds` 0 means until further notice.
  virtual bool setLogLevel(std::string_view level, uint64_t seconds, bool wholeCluster) {
    return false;
  }
  /// Why credentials of the store cannot be used; "" while all can. Any thread.
  virtual std::string credentialTrouble() { return ""; }
  /// A failure that the client is not told the details of.
  virtual void logError(std::string_view text) = 0;
};

}  // namespace tollgate::admin
