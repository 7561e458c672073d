#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "source/net/connection.h"
#include "source/proxy/worker_context.h"

namespace tollgate::proxy {

/// Forwards the bytes of one connection to a host and back, as they are, with back-pressure and
/// half-close in both directions. Frees itself through the loop when both sides are closed.
class TcpProxy final : public ServedConnection, public event::Deferred {
 public:
  struct Target {
    std::string host;  ///< An IP address or a name.
    uint16_t port = 0;
    std::chrono::milliseconds connectTimeout{5000};
    std::chrono::milliseconds idleTimeout{
        3600000};  ///< Without a byte in either direction; at most twice as long.
  };

  static ServedConnection& serve(WorkerContext& worker, std::unique_ptr<net::Connection> downstream,
                                 const Target& target);
  ~TcpProxy() override;
  /// Bytes of a tunnel have no end to wait for: it goes on until the drain limit.
  void drain() override {}
  void drop() override { fail(); }
  bool spare() const override { return false; }

 private:
  /// One end; told apart so that each may find the other.
  struct End final : net::ConnectionHandler {
    explicit End(TcpProxy& owner) : owner(owner) {}
    void onConnected(net::Connection&) override { owner.onConnected(*this); }
    void onData(net::Connection&, bool end) override { owner.onData(*this, end); }
    void onWritable(net::Connection&) override { owner.onWritable(*this); }
    void onClosed(net::Connection&, std::string_view reason) override {
      owner.onClosed(*this, reason);
    }

    TcpProxy& owner;
    std::unique_ptr<net::Connection> connection;
    End* other = nullptr;
    bool connected = false;
    bool ended = false;   ///< It sends no more, and the other side was told.
    bool paused = false;  ///< It waits for the other side to take its bytes.
    bool closed = false;
  };

  TcpProxy(WorkerContext& worker, std::unique_ptr<net::Connection> downstream,
           const Target& target);
  void resolve();
  void connect(net::Address address);
  bool leadsToOpenAdmin(const net::Address& address) const;
  void onConnected(End& end);
  void onData(End& from, bool end);
  void onWritable(End& to);
  void onClosed(End& end, std::string_view reason);
  void onTimeout();
  /// Tells the operator of a target that is not reached, and ends both sides.
  void failTarget(http::FailureCause cause, http::FailurePhase phase);
  void fail();

  WorkerContext& worker_;
  Target target_;
  net::Address address_;  ///< Of the target; not valid until it is resolved.
  End down_{*this}, up_{*this};
  uint64_t resolving_ = 0;
  uint64_t moved_ = 0;  ///< Bytes written to both ends when the timer last came.
  bool gone_ = false;
  event::MemberTimer<TcpProxy, &TcpProxy::onTimeout> timer_{*this};
};

}  // namespace tollgate::proxy
