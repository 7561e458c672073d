#pragma once

#include <cstdint>
#include <memory>

#include "source/event/event_loop.h"
#include "source/net/address.h"
#include "source/net/connection_limits.h"
#include "source/net/transport.h"

namespace tollgate::net {

class Connection;

/// What an error of connect() is called, as a reason of onClosed(). Static text.
const char* connectErrorText(int error);

/// Who uses the bytes of a connection. Calls come from the loop, never from inside a call to the
/// connection.
class ConnectionHandler {
 public:
  /// The TCP connect and TLS handshake are done (not called for accepted plain connections).
  virtual void onConnected(Connection&) {}
  /// New bytes in input(); leave what cannot be used yet. `end`: the peer sends no more. Not called
  /// any more after close().
  virtual void onData(Connection&, bool end) = 0;
  /// output() fell below the low mark after having been above the high mark.
  virtual void onWritable(Connection&) {}
  /// The connection is closed, by us or by the peer; it is freed after this pass. Exactly once.
  virtual void onClosed(Connection&, std::string_view reason) = 0;

 protected:
  ~ConnectionHandler() = default;
};

/// One socket: watch, transport, input and output, its limits, and the rules for closing. Bytes put
/// into output() leave at the end of the pass in one write. At most kInputMark bytes (and what one
/// call to the kernel brings) are read in a pass, and none while input() holds as many. An idle
/// connection holds no slab. Lives on one worker; owned by whoever made it until close(), after
/// which the loop frees it.
class Connection final : public event::FdHandler, public event::PassEnd, public event::Deferred {
 public:
  static constexpr size_t kHighMark = 64 * 1024;
  static constexpr size_t kLowMark = 16 * 1024;
  static constexpr size_t kInputMark = 128 * 1024;

  /// Takes over `fd` (non-blocking). `connecting`: a connect() is under way. `rules` outlive it.
  Connection(event::EventLoop& loop, buffer::SlabPool& slabs, int fd,
             std::unique_ptr<Transport> transport, bool connecting, ConnectionRules& rules);
  ~Connection() override;

  /// Starts watching; the handler may be exchanged at any time (HTTP after TLS, tunnels).
  void start(ConnectionHandler& handler);
  void setHandler(ConnectionHandler& handler) { handler_ = &handler; }

  buffer::Buffer& input() { return input_; }
  buffer::Buffer& output() { return output_; }
  /// To be called after bytes were put into output(), or taken from input() outside of onData().
  void markDirty() { loop_.atPassEnd(*this); }
  bool aboveHighMark() const { return output_.size() > kHighMark; }

  /// Stops (at once) and resumes reading; nests.
  void pauseReading() { ++readPauses_; }
  void resumeReading();
  /// Looks at input() and the descriptor again in the next pass, as if bytes had arrived.
  void poke() { watch_.again(true, false); }

  enum class Close {
    kNow,  ///< At once; output that waits is lost.
    /// Sends what waits, then FIN (TLS: close_notify), then drops what the peer still sends until
    /// it closes, within the limits for lingering: so the peer gets to read the answer (RFC 9112
    /// section 9.6).
    kAfterFlush,
    /// As kAfterFlush without the waiting, where nothing is under way.
    kIdle,
  };
  /// The handler is told of nothing more but onClosed(). `reason`: a literal.
  void close(Close how, std::string_view reason);
  bool closing() const { return closed_ || closeAfterFlush_; }
  /// Sends FIN (TLS: close_notify) once the output has been written; reading goes on.
  void endOutput();

  Transport& transport() { return *transport_; }
  event::EventLoop& loop() { return loop_; }
  int fd() const { return fd_; }
  Address peerAddress() const;  ///< As overridden by PROXY protocol, else of the socket.
  Address localAddress() const;
  void overridePeerAddress(const Address& address);

  uint64_t bytesWritten() const { return bytesWritten_; }

  void onReady(bool readable, bool writable, bool hangup) override;
  void atPassEnd() override;

 private:
  enum class Limit : uint8_t { kNone, kHandshake, kSend, kLinger };
  void readSome();
  void dropInput();
  bool brokenWhileNotRead();
  void outputFailed(std::string_view reason);
  void flush();
  void tellWritable();
  void watchSending();
  void endFlushed();
  bool finishConnect();
  bool finishHandshake();
  void startLimit(Limit limit, std::chrono::milliseconds time);
  void onLimit();
  void finish(std::string_view reason);
  const ConnectionLimits& limits() const { return rules_.limits; }

  event::EventLoop& loop_;
  std::unique_ptr<Transport> transport_;
  ConnectionHandler* handler_ = nullptr;
  event::FdWatch watch_;
  buffer::Buffer input_;
  buffer::Buffer output_;
  std::unique_ptr<Address> peerOverride_;
  uint64_t bytesWritten_ = 0;
  ConnectionRules& rules_;
  event::MemberTimer<Connection, &Connection::onLimit> limitTimer_{*this};
  event::TimePoint lingerUntil_{};
  uint64_t dropped_ = 0;       ///< Bytes that came after close().
  size_t sent_ = 0;            ///< What the peer has to take since the send limit was set.
  uint32_t toldWritable_ = 0;  ///< The pass in which the handler was last told.
  const char* closeReason_ = "";
  int fd_;
  uint16_t readPauses_ = 0;
  const bool accepted_;  ///< The peer has opened it: once it has broken, what it sent is void.
  bool connecting_;
  Limit limit_ = Limit::kNone;  ///< What limitTimer_ is armed for.
  uint8_t readHint_ = 1;        ///< Slabs per read: grows while reads come back full.
  bool readable_ = false;
  bool writable_ = true;
  bool hangup_ = false;
  bool peerEnded_ = false;
  bool wasAboveMark_ = false;
  bool inputFull_ = false;  ///< Bytes may wait in the kernel, for input() was at its mark.
  bool closeAfterFlush_ = false;
  bool closeIdle_ = false;
  bool lingering_ = false;
  bool endOutput_ = false;
  bool outputEnded_ = false;
  bool outputFailed_ = false;
  bool closed_ = false;
};

}  // namespace tollgate::net
