#pragma once

#include <chrono>

#include "source/store/node_registry.h"

namespace tollgate::server {

/// This node's row in the registry: renewed regularly, and soon after the node took a revision up.
/// Control thread.
class NodePresence {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds interval{5'000};
    /// No more often than this, however fast revisions come.
    std::chrono::milliseconds least{200};
    store::NodeRegistry::Limits limits;
  };

  explicit NodePresence(const Options& options) : options_(options) {}
  void setNode(store::NodeRecord node) { node_ = std::move(node); }
  const store::NodeRecord& node() const { return node_; }

  /// What the row is to say; written when due.
  void say(store::Revision revision, const char* state);
  /// When beat() has something to do.
  Clock::time_point due() const;
  /// Writes the row if it is due. A failure is tried again soon.
  void beat(store::Store& store);
  /// The last sign of life of a node that ends in order.
  void leave(store::Store& store);

 private:
  Options options_;
  store::NodeRecord node_;
  Clock::time_point last_{};
  Clock::time_point nextForget_{};
  bool changed_ = true;
  bool first_ = true;
};

}  // namespace tollgate::server
