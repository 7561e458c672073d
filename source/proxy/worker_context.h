#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/base/intrusive_list.h"
#include "source/event/event_loop.h"
#include "source/http/access_log.h"
#include "source/http1/date_cache.h"
#include "source/net/connection_limits.h"
#include "source/net/resolver.h"
#include "source/proxy/failure_log.h"
#include "source/proxy/own_lines.h"
#include "source/proxy/snapshot.h"
#include "source/proxy/worker_counters.h"
#include "source/upstream/stream_pool.h"
#include "source/upstream/worker_clusters.h"

namespace tollgate::proxy {

class ProxyExchange;

struct ServedTag {};

/// A downstream connection, as its worker sees it when it has to end.
class ServedConnection : public ListLink<ServedTag> {
 public:
  /// Closes now if idle, else after the requests under way.
  virtual void drain() = 0;
  /// Closes now, whatever is under way.
  virtual void drop() = 0;
  /// Nothing is under way, and no request can be expected at once: the connection has served some
  /// and is silent now, or its client has had the time to send the first one.
  virtual bool spare() const = 0;

  /// The listener that it came from, kept alive by it; nullptr for one that stays as long as the
  /// process.
  std::shared_ptr<const void> listener;

 protected:
  ~ServedConnection() = default;
};

/// Everything that the connections of one thread share; `worker` is its number. Used by that thread
/// only, but for what is counted.
class WorkerContext final : private event::PassEnd {
 public:
  WorkerContext(event::EventLoop& loop, const ProxySettings& settings,
                upstream::StreamPool::Settings pool, upstream::StreamPool::TlsFactory tls,
                net::ResolverSettings resolver, size_t worker = 0);
  ~WorkerContext();

  event::EventLoop& loop;
  const ProxySettings& settings;
  const OwnLines lines;
  buffer::SlabPool slabs;
  net::ConnectionRules rules;  ///< Of connections from clients.
  net::ConnectionRules
      tunnelRules;  ///< Likewise where bytes are passed on: its user limits silence.
  upstream::StreamPool pool;
  net::Resolver resolver;
  upstream::WorkerClusters clusters;
  WorkerCounters counters;
  http::AccessSink* accessLog = nullptr;
  FailureLog* failureLog = nullptr;  ///< Shared by the workers.

  /// What is counted of its connections on both sides and of their requests.
  void describe(stats::Registry& registry) const;

  /// Requests that begin from now on run under `snapshot`.
  void setSnapshot(std::shared_ptr<const Snapshot> snapshot);
  /// What connections that begin now may be shown; nullptr: nothing but the listener's own.
  std::shared_ptr<const tls::CertificateTable> certificates() const {
    return pinned_.empty() ? nullptr : pinned_.back()->snapshot->certificates;
  }
  /// The current snapshot, counted as in use until unpin(). nullptr before the first one.
  struct Pinned {
    std::shared_ptr<const Snapshot> snapshot;
    uint64_t exchanges = 0;
  };
  Pinned* pin();
  void unpin(Pinned* pinned);

  /// A recycled exchange, until it has ended; freed with the worker. Called by codecs only, below
  /// which no exchange is at work.
  ProxyExchange& takeExchange();
  /// `exchange` has ended: it is finished and recycled at the end of the pass, or before another
  /// one is taken.
  void exchangeEnded(ProxyExchange& exchange) {
    ended_.push_back(&exchange);
    loop.atPassEnd(*this);
  }

  /// 32 lower-case hex digits that cannot be guessed.
  void makeRequestId(char* out);
  size_t exchangesInUse() const { return inUse_; }
  /// Connections end as they become idle; those that come get one answer each.
  void drain();
  /// The connections of one listener end as they become idle.
  void drainListener(const void* listener);
  /// Ends up to `most` spare connections, the oldest first, and as many idle ones to origins.
  /// Returns how many.
  size_t closeIdle(size_t most);
  /// Ends every connection at once; they are freed after the loop's pass.
  void dropConnections();
  bool draining() const { return draining_; }
  void addConnection(ServedConnection& connection) { connections_.pushBack(connection); }
  http1::DateCache& dateCache() { return date_; }
  /// A number for one more connection, from 1.
  uint64_t nextSerial() { return ++serial_; }

 private:
  /// Freed slabs from which on the heap is asked to give memory back to the system.
  static constexpr size_t kTrimBytes = 4 * 1024 * 1024;
  static constexpr event::Millis kTrimDelay{5000};
  static constexpr size_t kIdleSlabs = 64;  ///< Kept for reuse when a peak is over.
  void onTrim();
  void atPassEnd() override { finishEnded(); }
  void finishEnded();
  /// As many as getrandom() gives without being interrupted.
  static constexpr size_t kRandomWords = 32;
  uint64_t randomWord();
  template <typename Predicate>
  void drainWhere(Predicate which);

  std::vector<std::unique_ptr<Pinned>> pinned_;  ///< The last one is current.
  std::vector<std::unique_ptr<ProxyExchange>> exchanges_;
  std::vector<ProxyExchange*> free_;
  std::vector<ProxyExchange*> ended_;  ///< In this pass.
  IntrusiveList<ServedConnection, ServedTag> connections_;
  size_t inUse_ = 0;
  uint64_t serial_ = 0;
  bool draining_ = false;
  http1::DateCache date_{loop};
  uint64_t random_[kRandomWords];  ///< From the system's generator: nobody can tell what comes.
  size_t randomUsed_ = kRandomWords;
  event::MemberTimer<WorkerContext, &WorkerContext::onTrim> trimTimer_{*this};
};

}  // namespace tollgate::proxy
