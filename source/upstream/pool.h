#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "source/base/intrusive_list.h"
#include "source/event/event_loop.h"
#include "source/http/codec.h"
#include "source/net/connection.h"
#include "source/upstream/pool_counters.h"
#include "source/upstream/service.h"

namespace tollgate::upstream {

class Pool;
class UpstreamConnection;

/// Who waits for, then uses, an upstream connection. Calls come from the loop.
class UpstreamUser {
 public:
  virtual void onUpstreamReady(UpstreamConnection& connection) = 0;
  /// No connection came to be. `timedOut`: within the connect time limit.
  virtual void onUpstreamFailed(bool timedOut, std::string_view reason) = 0;
  /// Bytes queued for the origin fell below the low mark.
  virtual void onUpstreamWritable() = 0;

 protected:
  ~UpstreamUser() = default;
};

struct IdleTag {};
struct IdleOfPlaceTag {};
struct IdleOfAllTag {};

/// The idle connections of one worker to one address for one kind of service, whatever server names
/// they were opened for: names that clients make up must not multiply what is kept.
struct Place {
  const std::string* key = nullptr;                        ///< of this place in the pool
  IntrusiveList<UpstreamConnection, IdleOfPlaceTag> idle;  ///< Last used first.
  size_t idleCount = 0;
  size_t origins = 0;
};

/// The connections of one worker to one address for one kind of service. Lives as long as any of
/// them is open.
struct Origin {
  const std::string* key = nullptr;  ///< of this origin in the pool
  Place* place = nullptr;
  IntrusiveList<UpstreamConnection, IdleTag> idle;
  size_t open = 0;
};

/// One connection to an origin with its codec; carries one request at a time.
class UpstreamConnection final : public net::ConnectionHandler,
                                 public event::Deferred,
                                 public ListLink<IdleTag>,
                                 public ListLink<IdleOfPlaceTag>,
                                 public ListLink<IdleOfAllTag> {
 public:
  UpstreamConnection(Pool& pool, Origin& origin, std::unique_ptr<net::Connection> connection);

  http::ClientCodec& codec() { return *codec_; }
  net::Connection& connection() { return *connection_; }
  /// True if an earlier request has used it: a failure before any response byte may be staleness.
  bool reused() const { return requests_ > 1; }
  /// The error that broke the connection under its user; "" where the origin has closed it in an
  /// orderly way, or has not.
  std::string_view brokenBy() const { return brokenBy_; }
  /// Marks the connection to be flushed at the end of the pass.
  void flush() { connection_->markDirty(); }
  /// The user is done. Goes back to the pool if the codec says it may; otherwise it is closed.
  void release();
  /// The user gives up: closes.
  void abort();

  void onConnected(net::Connection&) override;
  void onData(net::Connection&, bool end) override;
  void onWritable(net::Connection&) override;
  void onClosed(net::Connection&, std::string_view reason) override;

 private:
  friend class Pool;
  void onConnectTimeout();
  void onIdleTimeout();
  void closeNow(std::string_view reason);
  bool requestTaken() const;

  Pool& pool_;
  Origin& origin_;  ///< gone once closed_
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<http::ClientCodec> codec_;
  UpstreamUser* user_ = nullptr;
  std::string_view brokenBy_;
  bool ready_ = false;
  bool closed_ = false;
  bool inCodec_ = false;
  bool releaseAfterCodec_ = false;
  uint64_t requests_ = 0;
  event::TimePoint begun_;  ///< When connecting did.
  uint64_t before_ = 0;     ///< Bytes written for the requests before this one.
  event::MemberTimer<UpstreamConnection, &UpstreamConnection::onConnectTimeout> connectTimer_{
      *this};
  event::MemberTimer<UpstreamConnection, &UpstreamConnection::onIdleTimeout> idleTimer_{*this};
};

/// The connections of one worker to all origins, kept alive between requests and reused last in,
/// first out.
class Pool {
 public:
  struct Settings {
    size_t maxIdlePerOrigin = 512;  ///< Over all server names; the least recently used goes.
    size_t maxIdle = 4096;          ///< Of all origins together, likewise.
    std::chrono::milliseconds idleTimeout{60000};
    uint64_t maxRequests = 10000;
  };

  /// Makes the transport to an origin that wants TLS; nullptr if that cannot be.
  using TlsFactory = std::function<std::unique_ptr<net::Transport>(const Service& service, int fd,
                                                                   std::string_view serverName)>;

  Pool(event::EventLoop& loop, buffer::SlabPool& slabs, Settings settings, TlsFactory tls)
      : loop_(loop), slabs_(slabs), settings_(settings), tls_(std::move(tls)) {}
  ~Pool();

  /// A connection to `address` for `service`: at once if one is idle (`fresh` forbids that), else
  /// nullptr, and `user` is told later. cancel() takes a waiting user back.
  UpstreamConnection* acquire(const Service& service, const net::Address& address,
                              std::string_view serverName, bool fresh, UpstreamUser& user,
                              UpstreamConnection*& pending);
  void cancel(UpstreamConnection& pending) { pending.abort(); }
  /// Why the last acquire() gave neither a connection nor a pending one. Static text.
  std::string_view failure() const { return failure_; }

  /// Closes up to `most` idle connections; returns how many.
  size_t closeIdle(size_t most);

  event::EventLoop& loop() { return loop_; }
  const Settings& settings() const { return settings_; }
  size_t open() const { return static_cast<size_t>(counters_.open.value()); }
  size_t idle() const { return static_cast<size_t>(counters_.idle.value()); }
  /// Origins with an open connection.
  size_t origins() const { return origins_.size(); }
  /// Of all connections to origins; outlives them.
  net::ConnectionRules& rules() { return rules_; }
  const net::ConnectionRules& rules() const { return rules_; }
  const PoolCounters& counters() const { return counters_; }

 private:
  friend class UpstreamConnection;
  PoolKeyView keyOf(const Service& service, const net::Address& address,
                    std::string_view serverName);
  UpstreamConnection* connect(const Service& service, const net::Address& address,
                              const PoolKeyView& key, std::string_view serverName,
                              UpstreamUser& user);
  Origin& originOf(const PoolKeyView& key, std::string_view placeKey);
  void toIdle(UpstreamConnection& connection);
  void removeIdle(UpstreamConnection& connection);
  void destroy(UpstreamConnection& connection);

  event::EventLoop& loop_;
  buffer::SlabPool& slabs_;
  Settings settings_;
  TlsFactory tls_;
  std::unordered_map<std::string, Place, PoolKeyHash, PoolKeyEqual> places_;
  std::unordered_map<std::string, Origin, PoolKeyHash, PoolKeyEqual> origins_;
  IntrusiveList<UpstreamConnection, IdleOfAllTag> idle_;  ///< Last used first.
  std::unordered_map<UpstreamConnection*, std::unique_ptr<UpstreamConnection>> all_;
  std::string keyScratch_;
  std::string_view failure_;
  net::ConnectionRules rules_;
  PoolCounters counters_;
};

}  // namespace tollgate::upstream
