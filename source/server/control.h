#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "source/config/snapshot_compiler.h"
#include "source/proxy/worker_context.h"
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
  };

  /// `lastGood` may be null (a store on this disk needs none).
  Control(std::unique_ptr<store::Store> store, std::unique_ptr<store::LastGood> lastGood,
          http::SharedCounters* counters, Options options);
  ~Control();

  /// Loads the configuration: from the store, else (or if there is an `outage`) the last good one.
  /// Fails only if the store's trouble is not that it is out of reach. Before start().
  Status load(const std::string& outage = {});
  /// The snapshot that load() made.
  std::shared_ptr<const proxy::Snapshot> current() const { return current_; }
  /// Workers take part in publishing from now on; their loops must be running or about to run.
  void start(std::vector<proxy::WorkerContext*> workers);
  void stop();

  /// Runs `task` on the control thread, in order. Any thread.
  void post(std::function<void()> task);

  // On the control thread (or before start()) only:
  store::Store& store() { return *store_; }
  config::SnapshotCompiler& compiler() { return compiler_; }
  /// Writes, compiles and returns when every worker runs the result.
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     const store::Reason& reason);
  /// Takes up what other nodes wrote.
  void catchUp();

  store::Revision revision() const { return revision_.load(std::memory_order_relaxed); }
  bool storeReachable() const { return store_->reachable(); }

 private:
  void run();
  Status reload();
  Status loadLastGood();
  void apply(const store::Commit& commit);
  void compileAndPublish();
  void publish();
  void tellIfNotKept(const Status& kept);
  void expireKeys();
  void reportProblems();
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
  bool loadedFromStore_ = false;
  bool storeLost_ = false;
  std::set<std::string> reported_;
  uint64_t problemChanges_ = 0;
  std::chrono::steady_clock::time_point nextExpiry_{};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool look_ = false;  ///< The store said that something changed.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tollgate::server
