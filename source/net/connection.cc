#include "source/net/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tollgate::net {

namespace {
constexpr size_t kSlab = buffer::SlabPool::kSlabBytes;
constexpr uint8_t kMaxReadHint = 8;
}  // namespace

Connection::Connection(event::EventLoop& loop, buffer::SlabPool& slabs, int fd,
                       std::unique_ptr<Transport> transport, bool connecting)
    : loop_(loop),
      transport_(std::move(transport)),
      input_(slabs),
      output_(slabs),
      fd_(fd),
      connecting_(connecting),
      writable_(!connecting) {}

Connection::~Connection() {
  watch_.stop();
  if (fd_ >= 0) ::close(fd_);
}

void Connection::start(ConnectionHandler& handler) {
  handler_ = &handler;
  watch_.start(loop_, fd_, *this);
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
    finish(error == ECONNREFUSED ? "connection refused" : "connect failed");
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
  if (connecting_ && (!(writable || hangup) || !finishConnect())) return;
  if (!transport_->established()) {
    IoResult result = transport_->handshake();
    if (result.state == IoResult::State::kFailed || result.state == IoResult::State::kEnd) {
      return finish(result.error[0] != '\0' ? result.error : "closed during the handshake");
    }
    if (!transport_->established()) return;
    handler_->onConnected(*this);
    if (closed_) return;
    readable_ = true;  // the handshake may have read application bytes
  }
  if (writable_ && (!output_.empty() || closeAfterFlush_ || endOutput_)) loop_.atPassEnd(*this);
  if (readPauses_ == 0) readSome();
}

void Connection::readSome() {
  bool offer = !input_.empty();
  if (readable_ && !peerEnded_) {
    size_t limit = size_t{readHint_} * kSlab;
    IoResult result = transport_->read(input_, limit, hangup_);
    bytesRead_ += result.bytes;
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
  } else if (peerEnded_) {
    offer = true;
  }
  if (offer) handler_->onData(*this, peerEnded_);
}

void Connection::atPassEnd() { flush(); }

void Connection::flush() {
  if (closed_ || connecting_ || !transport_->established()) return;
  if (writable_ && !output_.empty()) {
    if (output_.size() > kHighMark) wasAboveMark_ = true;
    IoResult result = transport_->write(output_);
    bytesWritten_ += result.bytes;
    if (result.state == IoResult::State::kFailed) return finish(result.error);
    if (result.state == IoResult::State::kDrained) writable_ = false;
  }
  if (output_.size() > kHighMark) wasAboveMark_ = true;
  if (wasAboveMark_ && output_.size() < kLowMark) {
    wasAboveMark_ = false;
    handler_->onWritable(*this);
    if (closed_) return;
  }
  if (!output_.empty()) return;
  if (endOutput_ && !outputEnded_) {
    outputEnded_ = true;
    transport_->shutdownWrite();
  }
  if (closeAfterFlush_) {
    if (!outputEnded_) transport_->shutdownWrite();
    finish(closeReason_);
  }
}

void Connection::close(Close how, std::string_view reason) {
  if (closed_) return;
  if (how == Close::kAfterFlush) {
    closeAfterFlush_ = true;
    closeReason_ = reason.data();  // reasons are literals
    loop_.atPassEnd(*this);
    return;
  }
  finish(reason);
}

void Connection::endOutput() {
  endOutput_ = true;
  loop_.atPassEnd(*this);
}

void Connection::finish(std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  watch_.stop();
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
