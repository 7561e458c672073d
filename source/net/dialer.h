#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/net/connection.h"
#include "source/net/resolver.h"
#include "source/net/tls_client.h"

namespace tollgate::net {

/// Opens connections to servers by name: looks the name up, tries its addresses one after the
/// other, and shakes hands for TLS. For what a gateway's filters and tools talk to; requests of
/// clients go by source/upstream. One worker's, on its loop's thread.
/// Lifetime: outlives the connections that it has opened.
class Dialer {
 public:
  struct Target {
    std::string host;  ///< A name or an address, an IPv6 one with or without brackets.
    uint16_t port = 0;
    /// For TLS; nullptr: cleartext.
    std::shared_ptr<const TlsClient> tls;
    std::string serverName;  ///< With TLS; "" takes the host.
    bool sendServerName = true;
    /// For all together: the look-up, every address, the handshake.
    std::chrono::milliseconds timeout{10000};
    /// Asks for SRV records as the node's order has them; their port goes before `port`.
    bool followSrv = true;

    /// "127.0.0.1:6379", for the operator.
    std::string text() const;
  };

  /// `connection`: established; its handler is the caller's to set (setHandler), at once. `error`:
  /// why there is none, in a few words for the operator: "connection refused", "its name is not
  /// known".
  using Done = std::function<void(std::unique_ptr<Connection> connection, std::string_view error)>;

  /// `resolver`: how this process looks up names. `limits`: of the connections.
  Dialer(event::EventLoop& loop, const ResolverSettings& resolver,
         const ConnectionLimits& limits = {});
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  /// Calls `done` once from the loop, later. Returns an id for cancel().
  uint64_t dial(Target target, Done done);
  /// `done` is not called any more; harmless when it has been.
  void cancel(uint64_t id);

  /// The addresses of a host, with `port` where no record has told another: from the cache at once,
  /// else later; empty with an error. Returns an id for cancel(), 0 if `done` has been called.
  using Resolved = std::function<void(std::vector<Address> addresses, std::string_view error)>;
  uint64_t resolve(const std::string& host, uint16_t port, bool followSrv, Resolved done);
  void cancelResolve(uint64_t id);

  event::EventLoop& loop() { return loop_; }
  buffer::SlabPool& slabs() { return slabs_; }
  /// What connections opened from here have moved, and how often a limit has ended one.
  const ConnectionCounters& counters() const { return rules_.counters; }

 private:
  class Attempt;
  Resolver& resolver(bool followSrv);
  void bury(uint64_t id);
  void finish(Attempt& attempt, Done done, std::unique_ptr<Connection> connection,
              std::string error);

  event::EventLoop& loop_;
  const ResolverSettings settings_;
  buffer::SlabPool slabs_;
  ConnectionRules rules_;
  std::unique_ptr<Resolver> bySrv_, byAddress_;  ///< Made when first needed.
  uint64_t nextId_ = 1;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tollgate::net
