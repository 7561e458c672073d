#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "source/store/store.h"

namespace tollgate::store {

/// One gateway process as its last heartbeat described it.
struct NodeRecord {
  std::string id;  ///< A UUID that survives restarts.
  std::string hostname;
  std::string version;
  Revision revision = 0;  ///< What its workers run.
  std::string state;      ///< kRunning, kAhead or kStopped.
  bool live = false;      ///< Not stopped, and seen within NodeRegistry::Limits::live.
  int64_t sinceMillis =
      0;  ///< Since 1970, by the database's clock: begin of being live, or last sign of life.
  int64_t seenMillis = 0;  ///< The last sign of life.

  static constexpr const char* kRunning = "running";
  static constexpr const char* kAhead = "ahead";  ///< Runs a newer revision than the database has.
  static constexpr const char* kStopped = "stopped";  ///< Said so when it ended.
};

/// The nodes that share a store, by a row that each renews. All times are the database's, so that
/// the clocks of the nodes need not agree. Same thread as the store.
class NodeRegistry {
 public:
  struct Limits {
    std::chrono::milliseconds live{20'000};        ///< Without a heartbeat for so long: not live.
    std::chrono::milliseconds forget{86'400'000};  ///< Without one for so long: the row goes.
  };
  virtual ~NodeRegistry() = default;

  /// Writes the row of a node (id, hostname, version, revision, state). `first`: of a new process.
  virtual Status heartbeat(const NodeRecord& node, bool first, const Limits& limits) = 0;
  /// Deletes rows that are old.
  virtual Status forgetOld(const Limits& limits) = 0;
  /// Those after `afterId`, in the order of their ids.
  virtual Result<std::vector<NodeRecord>> list(const std::string& afterId, size_t limit,
                                               const Limits& limits) = 0;
  /// The live nodes that do not yet run `revision`.
  virtual Result<std::vector<NodeRecord>> lagging(Revision revision, size_t limit,
                                                  const Limits& limits) = 0;
  /// The newest revision that any node of the list runs; 0 without nodes.
  virtual Result<Revision> newestRevision() = 0;
};

}  // namespace tollgate::store
