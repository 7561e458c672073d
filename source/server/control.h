#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "source/admin/context.h"
#include "source/config/snapshot_compiler.h"
#include "source/proxy/worker_context.h"
#include "source/server/entity_screen.h"
#include "source/server/latch.h"
#include "source/server/listener_set.h"
#include "source/server/node_presence.h"
#include "source/server/revision_waiters.h"
#include "source/store/history.h"
#include "source/store/sqlite/last_good.h"
#include "source/store/store.h"

namespace tollgate::server {

/// The control thread: all that touches the store, one after the other, and the way from there to
/// the workers. It may block on the database; nobody but the writer waits for it.
class Control {
 public:
  struct Options {
    std::chrono::milliseconds pollInterval{5000};   ///< Between looks for other nodes' writes.
    std::chrono::milliseconds retryInterval{1000};  ///< Between attempts while the store is gone.
    std::chrono::milliseconds publishLimit{10000};  ///< For all workers to take a snapshot over.
    NodePresence::Options presence;                 ///< This node's row among the others.
    store::History::Limits history;                 ///< How much of the past is kept.
    size_t waitersLimit = 256;                      ///< Requests that wait for other nodes at once.
  };
  using Standing = admin::Standing;

  /// `lastGood` may be null (a store on this disk needs none).
  Control(std::unique_ptr<store::Store> store, std::unique_ptr<store::LastGood> lastGood,
          http::SharedCounters* counters, Options options);
  ~Control();

  /// Loads the configuration: the last good one and what the store has had since, or, where the
  /// store cannot go on from there, all from the store. If it does not answer (or there is an
  /// `outage`), the last good one as it is. Fails only if the store's trouble is not that it is out
  /// of reach. Before start().
  Status load(const std::string& outage = {});
  /// The snapshot that load() made, or the last one that was published since. Control thread.
  std::shared_ptr<const proxy::Snapshot> current() const { return current_; }
  /// Workers take part in publishing from now on; their loops must be running or about to run.
  void start(std::vector<proxy::WorkerContext*> workers);
  void stop();
  /// Names this node for the registry. Before start().
  void setNode(store::NodeRecord node);
  /// Listeners that are entities are opened by `set` from now on, at once those of current().
  /// Before start().
  void setListeners(ListenerSet& set);

  /// Runs `task` on the control thread, in order. Any thread.
  void post(std::function<void()> task);

  // On the control thread (or before start()) only:
  store::Store& store() { return *store_; }
  config::SnapshotCompiler& compiler() { return compiler_; }
  /// Writes, compiles and returns when every worker runs the result.
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     const store::Reason& reason);
  /// Takes up what other nodes wrote. Never a revision below the one that runs: then the node
  /// serves on with what it has until the database is past it.
  void catchUp();
  /// Declares what the database holds the newest: numbers it above what any node runs, so that all
  /// take it up. The remedy where the database is behind its nodes.
  Result<store::Revision> advance(const store::Reason& reason);
  /// Calls `done`, later and on this thread, when all live nodes run `revision` or at `deadline`.
  void awaitAll(store::Revision revision, RevisionWaiters::Clock::time_point deadline,
                RevisionWaiters::Done done) {
    waiters_.add(revision, deadline, std::move(done));
  }
  /// Ends all waits: the node drains.
  void endWaits() { waiters_.endAll(*store_, presence_.node()); }
  /// What the last commit made and the workers do not run, though their time for it is over; ""
  /// where they run it.
  std::string notLive();
  const Options& options() const { return options_; }

  store::Revision revision() const { return revision_.load(std::memory_order_relaxed); }
  bool storeReachable() const { return store_->reachable(); }
  /// Any thread.
  Standing standing() const;
  /// This node as its row in the registry says. Any thread.
  store::NodeRecord self() const;

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  Clock::time_point nextWork(Clock::time_point nextLook) const;
  void keepHouse();
  void pruneHistory();
  Status reload();
  Status follow();
  void settle(const Status& status);
  void take(const store::Change& change);
  store::Revision leastRevision();
  Status loadLastGood();
  Status resume();
  std::string markOfCopy() const;
  void apply(const store::Commit& commit, const std::string& mark);
  void compile();
  void compileAndPublish();
  void followListeners();
  void publish();
  store::Revision liveRevision();
  void say();
  void tellIfNotKept(const Status& kept);
  void expireKeys();
  void reportProblems();
  void note(const Standing& standing);
  void freeRetired();

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::LastGood> lastGood_;
  Options options_;
  config::SnapshotCompiler compiler_;
  std::shared_ptr<const proxy::Snapshot> current_;
  /// Snapshots that were replaced, kept here so that it is this thread that takes them apart.
  std::vector<std::shared_ptr<const proxy::Snapshot>> retired_;
  std::vector<proxy::WorkerContext*> workers_;
  std::atomic<store::Revision> revision_{0};
  store::Revision published_ = 0;  ///< What the workers were last given.
  /// Of a publication that took too long, until it is through after all, and the revision before.
  std::shared_ptr<Latch> overdue_;
  store::Revision liveBefore_ = 0;
  bool loadedFromStore_ = false;
  bool storeLost_ = false;
  bool behind_ = false;
  bool copyStale_ = false;    ///< The last good copy missed something.
  bool rowsLeftOut_ = false;  ///< Rows that cannot be read: the copy is not all that there is.
  EntityScreen screen_;
  NodePresence presence_;
  RevisionWaiters waiters_;
  ListenerSet* listeners_ = nullptr;
  uint64_t listenerChanges_ = 0;
  std::set<std::string> reported_;
  /// Of the compiler and of the screen, when they were last reported.
  std::pair<uint64_t, uint64_t> problemChanges_{};
  Clock::time_point nextExpiry_{}, nextPrune_{}, nextCopy_{};
  mutable std::mutex standingMutex_;
  Standing standing_;
  store::NodeRecord self_;  ///< As presence_ has it.

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool look_ = false;  ///< The store said that something changed.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tollgate::server
