#include "source/net/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tollgate::net {

namespace {
constexpr size_t kSlab = buffer::SlabPool::kSlabBytes;
constexpr uint8_t kMaxReadHint = Connection::kInputMark / kSlab;
constexpr size_t kDropBytes = 256 * 1024;  ///< Dropped in a pass at most.

/// Bytes that the peer has not acknowledged.
size_t queuedInKernel(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
}
}  // namespace

const char* connectErrorText(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ETIMEDOUT:
      return "connect timed out";
    case EHOSTUNREACH:
    case ENETUNREACH:
      return "host or network unreachable";
    case ECONNRESET:
      return "connection reset by peer";
    case EADDRNOTAVAIL:
      return "no socket: no local port is left";
    case EACCES:
    case EPERM:
      return "connecting is not permitted";
    default:
      return "connect failed";
  }
}

Connection::Connection(event::EventLoop& loop, buffer::SlabPool& slabs, int fd,
                       std::unique_ptr<Transport> transport, bool connecting,
                       ConnectionRules& rules)
    : loop_(loop),
      transport_(std::move(transport)),
      input_(slabs),
      output_(slabs),
      rules_(rules),
      fd_(fd),
      accepted_(!connecting),
      connecting_(connecting),
      writable_(!connecting) {}

Connection::~Connection() {
  watch_.stop();
  if (fd_ >= 0) ::close(fd_);
}

void Connection::start(ConnectionHandler& handler) {
  handler_ = &handler;
  watch_.start(loop_, fd_, *this);
  if (!transport_->established()) startLimit(Limit::kHandshake, limits().handshake);
}

void Connection::resumeReading() {
  if (readPauses_ == 0 || --readPauses_ > 0) return;
  if (readable_ || !input_.empty() || peerEnded_) watch_.again(true, false);
}

bool Connection::finishConnect() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error == EINPROGRESS) return false;
  if (error != 0) {
    finish(connectErrorText(error));
    return false;
  }
  connecting_ = false;
  writable_ = true;
  if (transport_->established()) {
    handler_->onConnected(*this);
    loop_.atPassEnd(*this);
  }
  return !closed_;
}

void Connection::onReady(bool readable, bool writable, bool hangup) {
  if (closed_) return;
  if (readable) readable_ = true;
  if (writable) writable_ = true;
  if (hangup) hangup_ = readable_ = true;
  if (lingering_) return dropInput();
  if (connecting_ && (!(writable || hangup) || !finishConnect())) return;
  if (!transport_->established() && !finishHandshake()) return;
  if (writable_ && (!output_.empty() || closeAfterFlush_ || endOutput_ || wasAboveMark_)) {
    loop_.atPassEnd(*this);
  }
  if (closeAfterFlush_) return dropInput();
  if (readPauses_ == 0) {
    readSome();
  } else if (readable && writable) {
    brokenWhileNotRead();
  }
}

/// False while it goes on, and when the connection is over.
bool Connection::finishHandshake() {
  IoResult result = transport_->handshake();
  if (result.state == IoResult::State::kFailed || result.state == IoResult::State::kEnd) {
    const char* reason = result.error[0] != '\0' ? result.error : "closed during the handshake";
    if (result.answered) {
      closeAfterFlush_ = true;
      closeReason_ = reason;
      endFlushed();
    } else {
      finish(reason);
    }
    return false;
  }
  if (!transport_->established()) return false;
  startLimit(Limit::kNone, {});
  handler_->onConnected(*this);
  readable_ = true;  // the handshake may have read application bytes
  return !closed_;
}

void Connection::readSome() {
  bool offer = !input_.empty();
  if (readable_ && !peerEnded_) {
    if (input_.size() >= kInputMark) {
      inputFull_ = true;
      if (brokenWhileNotRead()) return;
    } else {
      size_t limit = std::min(size_t{readHint_} * kSlab, kInputMark - input_.size());
      IoResult result = transport_->read(input_, limit, hangup_);
      rules_.counters.bytesRead.add(result.bytes);
      offer = offer || result.bytes > 0;
      switch (result.state) {
        case IoResult::State::kProgress:
          if (readHint_ < kMaxReadHint) readHint_ *= 2;
          watch_.again(true, false);  // others first, then the rest
          break;
        case IoResult::State::kDrained:
          readable_ = false;
          if (result.bytes < kSlab) readHint_ = 1;
          break;
        case IoResult::State::kEnd:
          readable_ = false;
          peerEnded_ = offer = true;
          break;
        case IoResult::State::kFailed:
          return finish(result.error);
      }
    }
  } else if (peerEnded_) {
    offer = true;
  }
  if (!offer) return;
  handler_->onData(*this, peerEnded_);
  if (inputFull_ && !closed_) loop_.atPassEnd(*this);
}

/// Of a connection that is not read: whether it has broken meanwhile, which reading would tell.
/// What an origin sent before is read first.
bool Connection::brokenWhileNotRead() {
  if (!accepted_) return false;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error == 0) return false;
  finish(error == ETIMEDOUT ? "connection timed out" : "connection reset by peer");
  return true;
}

/// Of a connection that is to close: what still comes. It is not decrypted either.
void Connection::dropInput() {
  input_.clear();
  if (!readable_ || peerEnded_ || dropped_ > limits().lingerBytes) return;
  ssize_t got = ::recv(fd_, nullptr, kDropBytes, MSG_TRUNC);  // copies nothing
  if (got < 0) {
    if (errno == EINTR) return watch_.again(true, false);
    readable_ = false;
    if (errno != EAGAIN) finish(closeReason_);
    return;
  }
  peerEnded_ = got == 0;
  if (peerEnded_) {
    if (lingering_) finish(closeReason_);
    return;
  }
  dropped_ += static_cast<size_t>(got);
  if (dropped_ > limits().lingerBytes) {
    rules_.counters.lingerBytes.add();
    if (lingering_) finish(closeReason_);
    return;
  }
  readable_ = static_cast<size_t>(got) == kDropBytes || hangup_;
  if (readable_) watch_.again(true, false);
  if (lingering_) {
    loop_.armAt(limitTimer_, std::min(lingerUntil_, loop_.now() + limits().lingerIdle));
  }
}

void Connection::atPassEnd() {
  flush();
  if (inputFull_ && !closed_ && input_.size() < kInputMark) {
    inputFull_ = false;
    if (readPauses_ == 0) watch_.again(true, false);
  }
}

void Connection::flush() {
  if (closed_ || lingering_ || connecting_ || !transport_->established()) return;
  if (outputFailed_) return output_.clear();
  if (writable_ && !output_.empty()) {
    if (output_.size() > kHighMark) wasAboveMark_ = true;
    IoResult result = transport_->write(output_);
    bytesWritten_ += result.bytes;
    rules_.counters.bytesWritten.add(result.bytes);
    sent_ += result.wire;
    if (result.state == IoResult::State::kFailed) return outputFailed(result.error);
    if (result.state == IoResult::State::kDrained) writable_ = false;
  }
  if (output_.size() > kHighMark) wasAboveMark_ = true;
  if (wasAboveMark_ && output_.size() < kLowMark && !closeAfterFlush_) {
    tellWritable();
    if (closed_) return;
  }
  if (!output_.empty()) return watchSending();
  if (limit_ == Limit::kSend) startLimit(Limit::kNone, {});
  if (endOutput_ && !outputEnded_) {
    outputEnded_ = true;
    transport_->shutdownWrite();
  }
  if (closeAfterFlush_) endFlushed();
}

/// A server may answer and close before it has read everything: its answer is read all the same
/// (RFC 9112 section 9.5), and the end behind it closes the connection.
void Connection::outputFailed(std::string_view reason) {
  if (accepted_ || peerEnded_ || closeAfterFlush_) return finish(reason);
  outputFailed_ = true;
  output_.clear();
  readable_ = hangup_ = true;
  if (readPauses_ == 0) watch_.again(true, false);
}

/// Once a pass: a peer that takes bytes as fast as they are made must not keep others waiting.
void Connection::tellWritable() {
  if (toldWritable_ == loop_.pass()) return watch_.again(false, true);
  toldWritable_ = loop_.pass();
  wasAboveMark_ = false;
  handler_->onWritable(*this);
}

/// Output waits for the peer to take some.
void Connection::watchSending() {
  if (limit_ == Limit::kSend || limits().send.count() == 0) return;
  sent_ = queuedInKernel(fd_);
  startLimit(Limit::kSend, limits().send);
}

/// All that was to be sent before the end has been written.
void Connection::endFlushed() {
  if (!outputEnded_) transport_->shutdownWrite();
  outputEnded_ = true;
  if (closeIdle_ || peerEnded_ || dropped_ > limits().lingerBytes || limits().linger.count() == 0) {
    return finish(closeReason_);
  }
  lingering_ = true;
  input_.clear();
  if (readable_) watch_.again(true, false);
  lingerUntil_ = loop_.now() + limits().linger;
  startLimit(Limit::kLinger, std::min(limits().linger, limits().lingerIdle));
}

/// Zero: no such limit.
void Connection::startLimit(Limit limit, std::chrono::milliseconds time) {
  if (time.count() == 0) {
    limit_ = Limit::kNone;
    event::EventLoop::cancel(limitTimer_);
    return;
  }
  limit_ = limit;
  loop_.arm(limitTimer_, time);
}

void Connection::onLimit() {
  ConnectionCounters& counters = rules_.counters;
  switch (std::exchange(limit_, Limit::kNone)) {
    case Limit::kNone:
      return;
    case Limit::kHandshake:
      counters.handshake.add();
      return finish("handshake timeout");
    case Limit::kSend:
      // Room for more is told of only when much of the kernel's buffer is free, which may take a
      // slow peer longer: what it has taken counts.
      if (sent_ - queuedInKernel(fd_) >= limits().sendLeast) return watchSending();
      counters.send.add();
      return finish("the peer does not read");
    case Limit::kLinger:
      counters.lingerTime.add();
      return finish(closeReason_);
  }
}

void Connection::close(Close how, std::string_view reason) {
  if (closed_ || (closeAfterFlush_ && how != Close::kNow)) return;
  if (how == Close::kNow || !transport_->established()) return finish(reason);
  closeAfterFlush_ = true;
  closeIdle_ = how == Close::kIdle;
  closeReason_ = reason.data();  // reasons are literals
  loop_.atPassEnd(*this);
  if (readable_ || peerEnded_) watch_.again(true, false);
}

void Connection::endOutput() {
  endOutput_ = true;
  loop_.atPassEnd(*this);
}

void Connection::finish(std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  watch_.stop();
  event::EventLoop::cancel(limitTimer_);
  handler_->onClosed(*this, reason);
}

Address Connection::peerAddress() const {
  if (peerOverride_ != nullptr) return *peerOverride_;
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address::fromSockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

Address Connection::localAddress() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address::fromSockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

void Connection::overridePeerAddress(const Address& address) {
  peerOverride_ = std::make_unique<Address>(address);
}

}  // namespace tollgate::net
