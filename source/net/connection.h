#pragma once

#include <cstdint>
#include <memory>

#include "source/event/event_loop.h"
#include "source/net/address.h"
#include "source/net/transport.h"

namespace tollgate::net {

class Connection;

/// Who uses the bytes of a connection. Calls come from the loop, never from inside a call to the
/// connection.
class ConnectionHandler {
 public:
  /// The TCP connect and TLS handshake are done (not called for accepted plain connections).
  virtual void onConnected(Connection&) {}
  /// New bytes in input(); leave what cannot be used yet. `end`: the peer sends no more.
  virtual void onData(Connection&, bool end) = 0;
  /// output() fell below the low mark after having been above the high mark.
  virtual void onWritable(Connection&) {}
  /// The connection is closed, by us or by the peer; it is freed after this pass. Exactly once.
  virtual void onClosed(Connection&, std::string_view reason) = 0;

 protected:
  ~ConnectionHandler() = default;
};

/// One socket: watch, transport, input and output, and the rules for closing. Bytes put into
/// output() leave at the end of the pass in one write. An idle connection holds no slab. Lives on
/// one worker; owned by whoever made it until close(), after which the loop frees it.
class Connection final : public event::FdHandler, public event::PassEnd, public event::Deferred {
 public:
  static constexpr size_t kHighMark = 64 * 1024;
  static constexpr size_t kLowMark = 16 * 1024;

  /// Takes over `fd` (non-blocking). `connecting`: a connect() is under way.
  Connection(event::EventLoop& loop, buffer::SlabPool& slabs, int fd,
             std::unique_ptr<Transport> transport, bool connecting);
  ~Connection() override;

  /// Starts watching; the handler may be exchanged at any time (HTTP after TLS, tunnels).
  void start(ConnectionHandler& handler);
  void setHandler(ConnectionHandler& handler) { handler_ = &handler; }

  buffer::Buffer& input() { return input_; }
  buffer::Buffer& output() { return output_; }
  /// To be called after bytes were put into output().
  void markDirty() { loop_.atPassEnd(*this); }
  bool aboveHighMark() const { return output_.size() > kHighMark; }

  /// Stops and resumes reading; nests.
  void pauseReading() { ++readPauses_; }
  void resumeReading();
  /// Looks at input() and the descriptor again in the next pass, as if bytes had arrived.
  void poke() { watch_.again(true, false); }

  /// Closes: kAfterFlush when all output has been written, else at once. onClosed() follows later.
  enum class Close { kNow, kAfterFlush };
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

  uint64_t bytesRead() const { return bytesRead_; }
  uint64_t bytesWritten() const { return bytesWritten_; }

  void onReady(bool readable, bool writable, bool hangup) override;
  void atPassEnd() override;

 private:
  void readSome();
  void flush();
  bool finishConnect();
  void finish(std::string_view reason);

  event::EventLoop& loop_;
  std::unique_ptr<Transport> transport_;
  ConnectionHandler* handler_ = nullptr;
  event::FdWatch watch_;
  buffer::Buffer input_;
  buffer::Buffer output_;
  std::unique_ptr<Address> peerOverride_;
  uint64_t bytesRead_ = 0;
  uint64_t bytesWritten_ = 0;
  const char* closeReason_ = "";
  int fd_;
  uint16_t readPauses_ = 0;
  bool connecting_;
  uint8_t readHint_ = 1;  ///< Slabs per read: grows while reads come back full.
  bool readable_ = false;
  bool writable_ = true;
  bool hangup_ = false;
  bool peerEnded_ = false;
  bool wasAboveMark_ = false;
  bool closeAfterFlush_ = false;
  bool endOutput_ = false;
  bool outputEnded_ = false;
  bool closed_ = false;
};

}  // namespace tollgate::net
