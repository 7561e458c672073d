#pragma once

#include <functional>
#include <memory>

#include "source/base/result.h"
#include "source/event/event_loop.h"
#include "source/net/address.h"

namespace tollgate::net {

/// A listening socket of one worker. With `reusePort` each worker has its own on the same address
/// and the kernel spreads connections over them. Accepts in small batches.
class Listener final : public event::FdHandler {
 public:
  /// Takes over the accepted descriptor (non-blocking, TCP_NODELAY set).
  using Accept = std::function<void(int fd, const Address& peer)>;

  struct Options {
    bool reusePort = true;
    int backlog = 16384;
    /// Leaves the last descriptors of the process to what its clients need: connections to origins,
    /// files, the Admin API. Who would need one of them waits in the backlog.
    bool leaveReserve = false;
    /// Told each time that it stops for want of descriptors or memory.
    std::function<void()> onShortage;
  };
  static constexpr event::Millis kBackOff{100};

  static Result<std::unique_ptr<Listener>> open(event::EventLoop& loop, const Address& address,
                                                Options options, Accept accept);
  ~Listener();
  /// Whether nobody listens on an address that this machine has.
  static Status probe(const Address& address);

  /// The address with the port that the kernel chose, if 0 was asked for.
  Address address() const;
  /// Changes how many connections may wait to be accepted.
  void setBacklog(int backlog);
  /// Stops accepting; connections waiting in the backlog are lost, so drain first where that
  /// matters.
  void close();
  /// Times that it stopped for want of descriptors or memory.
  uint64_t shortages() const { return shortages_; }

  void onReady(bool readable, bool writable, bool hangup) override;

 private:
  Listener(event::EventLoop& loop, int fd, Options options, Accept accept);
  void backOff();
  bool room() const;
  void resume();

  event::EventLoop& loop_;
  int fd_;
  int mark_;  ///< Descriptors from this one on are the reserve.
  Options options_;
  Accept accept_;
  event::FdWatch watch_;
  event::MemberTimer<Listener, &Listener::resume> timer_{*this};
  uint64_t shortages_ = 0;
  bool scarce_ = false;  ///< It has stopped, and not accepted since.
};

}  // namespace tollgate::net
