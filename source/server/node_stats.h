#pragma once

#include <vector>

#include "source/proxy/worker_context.h"
#include "source/server/control.h"
#include "source/server/process_memory.h"
#include "source/stats/registry.h"

namespace tollgate::server {

/// What this process counts, as the Admin API and metrics show it: workers and other parts describe
/// their figures to registry() while the process starts. Those that nobody counts (memory, the
/// revision) are asked for here.
/// Lifetime: outlived by all that it was told of, as far as somebody looks.
/// Threads: any, once the process has started.
class NodeStats {
 public:
  stats::Registry& registry() { return registry_; }
  /// Connections of clients are served by `context`, too. While the process starts.
  void add(const proxy::WorkerContext& context);
  /// Likewise.
  void watch(Control& control);

  stats::Snapshot snapshot() const { return registry_.snapshot(); }
  /// What the fields that Kong has in /status say.
  admin::ServerCounters server() const;

 private:
  stats::Registry registry_;
  ProcessMemory memory_;
  std::vector<const proxy::WorkerContext*> contexts_;
};

}  // namespace tollgate::server
