#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "source/store/postgres/session.h"
#include "source/store/store.h"

namespace tollgate::store {

/// Hears of other nodes' writes: a thread with a connection of its own that listens to their
/// notifications, and looks for a new revision every PostgresSettings::pollInterval in case one was
/// lost. Reconnects with a back-off. Tells once (PostgresSettings::tell) when notifications do not
/// arrive because a pooler stands in between.
class Watcher {
 public:
  /// `changed` is called from the watcher's thread: once when it begins to listen, then after every
  /// write that does not come from `writer`. Now and then also without a reason.
  /// `heard` (may be empty) gets the messages of other writers; from the same thread.
  Watcher(PostgresSettings settings, std::string writer, std::function<void()> changed,
          std::function<void(const std::string& message)> heard);
  /// Ends the thread; `changed` is not called any more afterwards. Must not be called within it.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// The notification that carries a message.
  static std::string messageOf(const std::string& writer, const std::string& text);

 private:
  void run();
  /// Until the connection is lost or the watcher stops; true if it had come as far as listening.
  bool listen();
  /// Finds out whether notifications arrive, and tells if not; false when the session is lost.
  bool probe(Session& session);
  Status look(Session& session);
  void take(const std::vector<std::string>& notes);

  const PostgresSettings settings_;
  const std::string writer_;
  const std::function<void()> changed_;
  const std::function<void(const std::string& message)> heard_;
  const int stop_;  ///< An eventfd, readable once the watcher is to stop.
  Revision known_ = 0;
  bool began_ = false;
  bool probed_ = false;
  std::thread thread_;
};

}  // namespace tollgate::store
