#include "source/proxy/http_connection_manager.h"

#include <sys/socket.h>

#include "source/base/decimal.h"
#include "source/proxy/exchange.h"

namespace tollgate::proxy {

namespace {
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Who has just connected is about to send, and would take a close for a failure.
constexpr event::Millis kFirstRequest{1000};
}  // namespace

ServedConnection& HttpConnectionManager::serve(WorkerContext& worker,
                                               std::unique_ptr<net::Connection> connection,
                                               uint16_t localPort, const ListenerFilters* filters,
                                               ClientPolicy policy) {
  auto* manager =
      new HttpConnectionManager(worker, std::move(connection), localPort, filters, policy);
  manager->connection_->start(*manager);
  if (manager->connection_->transport().established()) manager->updateTimer();
  return *manager;
}

HttpConnectionManager::HttpConnectionManager(WorkerContext& worker,
                                             std::unique_ptr<net::Connection> connection,
                                             uint16_t localPort, const ListenerFilters* filters,
                                             ClientPolicy policy)
    : worker_(worker),
      connection_(std::move(connection)),
      filters_(filters),
      policy_(policy),
      secure_(connection_->transport().secure()),
      localPort_(localPort),
      began_(worker.loop.now()),
      serial_(worker.nextSerial()) {
  peer_ = connection_->peerAddress();
  peerIpSize_ = static_cast<uint8_t>(peer_.formatIp(peerIp_));
  localPortSize_ = static_cast<uint8_t>(Decimal(localPort).text().copy(localPortText_, 5));
  worker_.addConnection(*this);
  worker_.counters.handled.add();
  worker_.counters.active.add();
  worker_.counters.reading.add();
}

void HttpConnectionManager::onConnected(net::Connection&) { updateTimer(); }

/// HTTP/2 where TLS agreed on it or where the first bytes are its preface (RFC 9113 section 3.4);
/// false while it may still become one.
bool HttpConnectionManager::chooseCodec(bool end) {
  if (secure()) {
    connection_->transport().alpn() == "h2" ? useHttp2() : useHttp1();
    return true;
  }
  buffer::Buffer& input = connection_->input();
  size_t size = std::min(input.size(), kPreface.size());
  bool begins = input.front().starts_with(kPreface.substr(0, std::min<size_t>(size, 4))) &&
                input.linearize(size).substr(0, size) == kPreface.substr(0, size);
  if (begins && size < kPreface.size() && !end) return false;
  begins&& size == kPreface.size() ? useHttp2() : useHttp1();
  return true;
}

bool HttpConnectionManager::hasOtherPolicy(std::string_view host) const {
  if (host.ends_with('.')) host.remove_suffix(1);
  const net::Transport& transport = connection_->transport();
  if (host == transport.serverName()) return false;
  return policy_.all->policyFor(peer_, localPort_, host, transport.alpn(), policy_.own) !=
         policy_.own;
}

void HttpConnectionManager::useHttp1() {
  auto codec = http1::makeServerCodec(*this, connection_->output(), worker_.settings.codecLimits,
                                      worker_.dateCache());
  http1_ = codec.get();
  codec_ = std::move(codec);
}

void HttpConnectionManager::useHttp2() {
  auto codec = http2::makeServerCodec(*this, connection_->output(), worker_.settings.http2,
                                      worker_.loop, worker_.counters.http2);
  http2_ = codec.get();
  codec_ = std::move(codec);
}

void HttpConnectionManager::onData(net::Connection& connection, bool end) {
  if (codec_ == nullptr && !chooseCodec(end)) return;
  if (end) inputEnded_ = true;
  codec_->onData(connection.input(), end);
  if (closed_) return;
  if (end) clientEnded();
  if (!closed_) touch();
}

/// The client sends no more. Nearly always it has left and reads no answer either, so that what it
/// asked for ends, too; one that awaits the answer has to be allowed to.
void HttpConnectionManager::clientEnded() {
  if (codec_->activeStreams() == 0) {
    if (http1_ != nullptr) return;  // it says itself when it is done
  } else {
    const bool mayRead = worker_.settings.halfClosedClients;
    if (http1_ != nullptr && (mayRead || http1_->tunnelling())) return;
    codec_->onConnectionClosed();
  }
  connection_->close(net::Connection::Close::kAfterFlush, "closed by the client");
}

void HttpConnectionManager::onWritable(net::Connection&) {
  if (codec_ == nullptr) return;
  codec_->onWritable();
  if (!closed_) touch();
}

http::RequestSink& HttpConnectionManager::newRequest(http::ServerStream& stream) {
  if (++requests_ >= worker_.settings.maxKeepAliveRequests || worker_.draining()) codec_->drain();
  enter(Phase::kBusy);
  ProxyExchange& exchange = worker_.takeExchange();
  exchange.begin(*this, stream);
  return exchange;
}

void HttpConnectionManager::onExchangeEnd() {
  more_ = true;
  if (!closed_) touch();
}

void HttpConnectionManager::drain() {
  if (closed_) return;
  if (codec_ == nullptr || (codec_->idle() && !codec_->headStarted() && http1_ != nullptr)) {
    return connection_->close(net::Connection::Close::kIdle, "draining");
  }
  codec_->drain();
  touch();
}

bool HttpConnectionManager::spare() const {
  if (connection_->closing()) return false;
  if (codec_ != nullptr && (!codec_->idle() || codec_->headStarted())) return false;
  if (requests_ == 0 && worker_.loop.now() - began_ < kFirstRequest) return false;
  char byte;  // of a request that has come and was not read yet
  return ::recv(connection_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void HttpConnectionManager::drop() {
  if (!closed_) connection_->close(net::Connection::Close::kNow, "shutdown");
}

void HttpConnectionManager::onCodecClose(std::string_view reason) {
  if (!closed_) connection_->close(net::Connection::Close::kAfterFlush, reason);
}

void HttpConnectionManager::atPassEnd() {
  if (closed_) return;
  if (http2_ != nullptr) {
    http2_->flush();
    if (closed_) return;
  }
  bool waiting = http1_ != nullptr && (more_ || http1_->wantsInput());
  more_ = false;
  if (waiting && codec_ != nullptr && (!connection_->input().empty() || inputEnded_) &&
      !connection_->closing()) {
    // A response was finished, or a body resumed, outside of the codec's own turn: go on.
    codec_->onData(connection_->input(), inputEnded_);
    if (closed_) return;
    if (inputEnded_) clientEnded();
    if (closed_) return;
  }
  pauseOrResume();
  updateTimer();
  connection_->markDirty();
}

/// Pipelined requests, or a body that the origin does not take, may wait in the input up to a mark;
/// then the client has to wait. Below it reading goes on, so that its leaving is noticed.
void HttpConnectionManager::pauseOrResume() {
  bool wait =
      (http1_ == nullptr || !http1_->wantsInput()) && connection_->input().size() > kInputMark;
  if (wait == readingPaused_) return;
  readingPaused_ = wait;
  if (wait) {
    connection_->pauseReading();
  } else {
    connection_->resumeReading();
  }
}

void HttpConnectionManager::updateTimer() {
  Waiting waiting = Waiting::kNothing;
  if (codec_ == nullptr || codec_->idle()) {
    waiting = codec_ != nullptr && codec_->headStarted() ? Waiting::kHead : Waiting::kRequest;
  } else if (codec_->headStarted()) {
    waiting = Waiting::kHead;
  } else if (http1_ != nullptr && http1_->discarding()) {
    waiting = Waiting::kDiscard;
  }
  enter(waiting == Waiting::kRequest ? Phase::kWaiting
        : waiting == Waiting::kHead  ? Phase::kReading
                                     : Phase::kBusy);
  const bool again = waiting == Waiting::kRequest || waiting == Waiting::kDiscard;
  if (waiting == waiting_ && !again) return;
  if (waiting == Waiting::kDiscard && waiting_ != Waiting::kDiscard) {
    discardEnd_ = worker_.loop.now() + worker_.settings.lingerTime;
  }
  waiting_ = waiting;
  switch (waiting) {
    case Waiting::kNothing:
      event::EventLoop::cancel(timer_);
      break;
    case Waiting::kHead:
      worker_.loop.arm(timer_, worker_.settings.headerTimeout);
      break;
    case Waiting::kRequest:
      worker_.loop.arm(timer_, worker_.settings.keepAliveTimeout);
      break;
    case Waiting::kDiscard:
      worker_.loop.armAt(
          timer_, std::min(discardEnd_, worker_.loop.now() + worker_.settings.lingerTimeout));
      break;
  }
}

void HttpConnectionManager::onTimeout() {
  using Close = net::Connection::Close;
  switch (waiting_) {
    case Waiting::kHead:
      worker_.counters.headTimeout.add();
      return connection_->close(Close::kNow, "head timeout");
    case Waiting::kDiscard:
      worker_.counters.unwantedBody.add();
      return connection_->close(Close::kAfterFlush, "an unwanted body did not come");
    case Waiting::kRequest:
      if (connection_->output().empty()) {
        worker_.counters.idleTimeout.add();
        return connection_->close(Close::kNow, "idle");
      }
      // It still reads the last answer, in the time that the connection allows for that.
      return worker_.loop.arm(timer_, worker_.settings.keepAliveTimeout);
    case Waiting::kNothing:
      return;
  }
}

void HttpConnectionManager::leaveFor(Phase phase) {
  WorkerCounters& counters = worker_.counters;
  if (phase_ == Phase::kWaiting) counters.waiting.sub();
  if (phase_ == Phase::kReading) counters.reading.sub();
  if (phase == Phase::kWaiting) counters.waiting.add();
  if (phase == Phase::kReading) counters.reading.add();
  phase_ = phase;
}

void HttpConnectionManager::onClosed(net::Connection&, std::string_view) {
  if (closed_) return;
  closed_ = true;
  event::EventLoop::cancel(timer_);
  PassEnd::unlink();
  ServedConnection::unlink();
  if (codec_ != nullptr) codec_->onConnectionClosed();
  enter(Phase::kBusy);
  worker_.counters.active.sub();
  PassEnd::unlink();
  worker_.loop.deferDelete(std::unique_ptr<event::Deferred>(this));
}

}  // namespace tollgate::proxy
