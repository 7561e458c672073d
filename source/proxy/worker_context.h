#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/event/event_loop.h"
#include "source/http1/date_cache.h"
#include "source/net/resolver.h"
#include "source/proxy/snapshot.h"
#include "source/upstream/pool.h"

namespace tollgate::proxy {

class ProxyExchange;

/// One finished request, for the access log; views are valid during the call only.
struct AccessRecord {
  int64_t unixMillis;
  std::string_view clientIp, method, target, referer, userAgent, requestId;
  http::Version version;
  int status;
  uint64_t bodyBytes;
};

class AccessSink {
 public:
  virtual ~AccessSink() = default;
  virtual void write(const AccessRecord& record) = 0;
};

/// Plain counters of one worker; written by it, read by others with relaxed loads.
struct WorkerCounters {
  std::atomic<uint64_t> accepted{0}, active{0}, requests{0}, responses5xx{0};
  static void add(std::atomic<uint64_t>& counter, uint64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
};

/// Everything that the connections of one thread share. Used by that thread only, but for `counters`.
class WorkerContext {
 public:
  WorkerContext(event::EventLoop& loop, const ProxySettings& settings,
                upstream::Pool::Settings pool, upstream::Pool::TlsFactory tls,
                net::ResolverSettings resolver);
  ~WorkerContext();

  event::EventLoop& loop;
  const ProxySettings& settings;
  buffer::SlabPool slabs;
  upstream::Pool pool;
  net::Resolver resolver;
  WorkerCounters counters;
  AccessSink* accessLog = nullptr;

  /// Requests that begin from now on run under `snapshot`.
  void setSnapshot(std::shared_ptr<const Snapshot> snapshot);
  /// The current snapshot, counted as in use until unpin(). nullptr before the first one.
  struct Pinned {
    std::shared_ptr<const Snapshot> snapshot;
    uint64_t exchanges = 0;
  };
  Pinned* pin();
  void unpin(Pinned* pinned);

  /// A recycled exchange. Given back by recycle(); freed with the worker.
  ProxyExchange& takeExchange();
  void recycle(ProxyExchange& exchange);

  /// 32 lower-case hex digits.
  void makeRequestId(char* out);
  size_t exchangesInUse() const { return inUse_; }
  bool draining = false;
  /// The Date line, brought up to date once a pass.
  http1::DateCache& dateCache() { return date_; }
  void updateDate() { date_.update(static_cast<time_t>(loop.unixMillis() / 1000)); }

 private:
  std::vector<std::unique_ptr<Pinned>> pinned_;  ///< The last one is current.
  std::vector<std::unique_ptr<ProxyExchange>> exchanges_;
  std::vector<ProxyExchange*> free_;
  size_t inUse_ = 0;
  http1::DateCache date_;
  uint64_t random_[2];
};

}  // namespace tollgate::proxy
