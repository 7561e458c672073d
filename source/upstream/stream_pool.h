#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "source/event/event_loop.h"
#include "source/upstream/origin_connection.h"
#include "source/upstream/pool_counters.h"
#include "source/upstream/service.h"

namespace tollgate::upstream {

/// The idle connections of one worker to one address for one kind of service, whatever server names
/// they were opened for: names that clients make up must not multiply what is kept.
struct Place {
  const std::string* key = nullptr;                      ///< of this place in the pool
  IntrusiveList<OriginConnection, IdleOfPlaceTag> idle;  ///< Last used first.
  size_t idleCount = 0;
  size_t origins = 0;
};

/// The connections of one worker that are interchangeable. Lives as long as any of them is open.
struct Origin {
  const std::string* key = nullptr;  ///< of this origin in the pool
  Place* place = nullptr;
  IntrusiveList<OriginConnection, IdleTag> idle;        ///< HTTP/1. Last used first.
  IntrusiveList<OriginConnection, SharedTag> shared;    ///< HTTP/2, with room for more streams.
  IntrusiveList<OriginConnection, OpeningTag> opening;  ///< That may come to be shared.
  size_t open = 0;
  bool http1Only = false;  ///< What it has said, having been offered HTTP/2.
};

/// What open() gives: a stream, or a waiter that is told later, or neither.
struct Opening {
  http::ClientStream* stream = nullptr;
  bool reused = false;  ///< See StreamWaiter::onStreamReady().
  /// Without a stream: the waiter will be told. Else why there is none; static text.
  bool waiting = false;
  std::string_view failure = {};
};

/// The streams of one worker to all origins, over connections that are kept alive between requests
/// and reused last in, first out.
class StreamPool {
 public:
  struct Settings {
    size_t maxIdlePerOrigin = 512;  ///< Over all server names; the least recently used goes.
    size_t maxIdle = 4096;          ///< Of all origins together, likewise.
    std::chrono::milliseconds idleTimeout{60000};
    uint64_t maxRequests = 10000;
    http2::ClientLimits http2 = {};
  };

  /// Makes the transport to an origin that wants TLS; nullptr if that cannot be.
  using TlsFactory = std::function<std::unique_ptr<net::Transport>(const Target& target, int fd)>;

  StreamPool(event::EventLoop& loop, buffer::SlabPool& slabs, Settings settings, TlsFactory tls)
      : loop_(loop), slabs_(slabs), settings_(settings), tls_(std::move(tls)) {}
  ~StreamPool();

  /// A stream to `target`: at once where a connection has room for one, else `waiter` is told
  /// later. cancel() takes a waiting one back.
  Opening open(const Target& target, StreamWaiter& waiter);
  static void cancel(StreamWaiter& waiter);

  /// Closes up to `most` idle connections; returns how many.
  size_t closeIdle(size_t most);

  event::EventLoop& loop() { return loop_; }
  const Settings& settings() const { return settings_; }
  size_t connections() const { return static_cast<size_t>(counters_.open.value()); }
  size_t idle() const { return static_cast<size_t>(counters_.idle.value()); }
  /// Origins with an open connection.
  size_t origins() const { return origins_.size(); }
  /// Of all connections to origins; outlives them.
  net::ConnectionRules& rules() { return rules_; }
  const net::ConnectionRules& rules() const { return rules_; }
  const PoolCounters& counters() const { return counters_; }

 private:
  friend class OriginConnection;
  PoolKeyView keyOf(const Target& target);
  Opening reuse(OriginConnection& connection);
  Opening openShared(Origin& origin, const Target& target, StreamWaiter& waiter);
  void openAgain(StreamWaiter& waiter);
  Opening connect(const Target& target, const PoolKeyView& key, StreamWaiter& waiter);
  Origin& originOf(const PoolKeyView& key, std::string_view placeKey);
  void toIdle(OriginConnection& connection);
  void removeIdle(OriginConnection& connection);
  void destroy(OriginConnection& connection);

  event::EventLoop& loop_;
  buffer::SlabPool& slabs_;
  Settings settings_;
  TlsFactory tls_;
  std::unordered_map<std::string, Place, PoolKeyHash, PoolKeyEqual> places_;
  std::unordered_map<std::string, Origin, PoolKeyHash, PoolKeyEqual> origins_;
  IntrusiveList<OriginConnection, IdleOfAllTag> idle_;  ///< Last used first.
  std::unordered_map<OriginConnection*, std::unique_ptr<OriginConnection>> all_;
  std::string keyScratch_;
  net::ConnectionRules rules_;
  PoolCounters counters_;
};

}  // namespace tollgate::upstream
