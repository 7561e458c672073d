#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "source/admin/api.h"
#include "source/server/task_thread.h"
#include "source/store/store.h"

namespace tollgate::server {

/// Answers what only reads of the Admin API, on threads and store connections of its own, so that a
/// read waits for no write. Where the database does not answer within the time limit of its
/// connection, the node's own copy does, at once for all that follow until the database is there
/// again; such answers bear a Warning.
class AdminReader {
 public:
  using Done = std::function<void(admin::Response)>;
  struct Options {
    std::chrono::milliseconds probeInterval{1000};  ///< Between looks for a database that is away.
  };

  /// `node` must outlive it, and allow what a read calls from any thread. `database` and `copy`
  /// (null where the database is a file of this node) are used by nobody else.
  AdminReader(admin::ApiContext& node, std::unique_ptr<store::Store> database,
              std::unique_ptr<store::Store> copy, Options options);
  ~AdminReader();

  /// Whether a request only reads.
  static bool isRead(const admin::Request& request);
  /// Any thread. `done` is called on a thread of the reader; not at all after stop().
  void answer(admin::Request request, Done done);
  void start();
  void stop();

 private:
  class Lane;
  void fromDatabase(const admin::Request& request, const Done& done);
  void fromCopy(const admin::Request& request, const Done& done);
  void probe();
  void noteAway(bool away);

  admin::ApiContext& node_;
  std::atomic<bool> away_{false};  ///< The database does not answer.
  std::unique_ptr<Lane> database_, copy_;
};

}  // namespace tollgate::server
