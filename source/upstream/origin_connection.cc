#include "source/upstream/origin_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <utility>

#include "source/upstream/stream_pool.h"

namespace tollgate::upstream {

namespace {
constexpr std::string_view kConnectTimeout = "connect timeout";
constexpr event::Millis kLeaveTime{1000};  ///< For a last GOAWAY to be written.
}  // namespace

OriginConnection::OriginConnection(StreamPool& pool, Origin& origin, Http2 http2,
                                   std::unique_ptr<net::Connection> connection)
    : pool_(pool),
      origin_(origin),
      connection_(std::move(connection)),
      http1_(connection_->output(), http::CodecLimits{}),
      spoken_(http2) {}

// ---- Until it is connected ---------------------------------------------------------------------

void OriginConnection::connect(std::chrono::milliseconds limit) {
  begun_ = pool_.loop_.now();
  connection_->start(*this);
  pool_.loop_.arm(connectTimer_, limit);
}

void OriginConnection::wait(StreamWaiter& waiter, const Target& target) {
  waiter.connection_ = this;
  waiter.target_ = target;
  waiting_.pushBack(waiter);
  ++waiters_;
}

void OriginConnection::onConnected(net::Connection&) {
  event::EventLoop::cancel(connectTimer_);
  const auto took = pool_.loop_.now() - begun_;
  pool_.counters_.connect.observe(
      static_cast<uint64_t>(std::chrono::duration_cast<event::Millis>(took).count()));
  ready_ = true;
  static_cast<ListLink<OpeningTag>&>(*this).unlink();
  if (spoken_ != Http2::kNever) chooseCodec();
  while (StreamWaiter* waiter = waiting_.popFront()) {
    if (hasRoom()) {
      waiter->onStreamReady(serve(), false);
    } else {
      pool_.openAgain(*waiter);
    }
  }
  if (!closed_ && !serving_ && http2_ == nullptr) pool_.toIdle(*this);
  if (!closed_ && http2_ != nullptr) onCodecStreams();
}

/// An origin that is known to speak HTTP/2 need not know ALPN.
void OriginConnection::chooseCodec() {
  const std::string_view chosen = connection_->transport().alpn();
  if (chosen != "h2" && (spoken_ == Http2::kOffered || !chosen.empty())) {
    origin_.http1Only = true;
    return;
  }
  http2_ = http2::makeClientCodec(*this, connection_->output(), pool_.settings_.http2,
                                  connection_->transport().secure(), loop(), pool_.counters_.http2);
  onCodecOutput();
}

void OriginConnection::failWaiters(std::string_view reason) {
  while (StreamWaiter* waiter = waiting_.popFront()) {
    waiter->onStreamFailed(reason == kConnectTimeout, reason);
  }
}

// ---- The stream of HTTP/1 ----------------------------------------------------------------------

http::ClientStream& OriginConnection::serve() {
  ++requests_;
  if (http2_ != nullptr) {
    http::ClientStream& stream = http2_->open();
    share();
    return stream;
  }
  serving_ = true;
  before_ = connection_->bytesWritten();
  return *this;
}

void OriginConnection::sendHead(const http::UpstreamRequest& request, bool end,
                                int64_t contentLength, http::ResponseSink& sink) {
  http1_.sendHead(request, end, contentLength, sink);
  connection_->markDirty();
}

void OriginConnection::sendBody(buffer::Buffer& data, bool end) {
  http1_.sendBody(data, end);
  connection_->markDirty();
}

void OriginConnection::sendTrailers(const http::HeaderMap& trailers) {
  http1_.sendTrailers(trailers);
  connection_->markDirty();
}

void OriginConnection::reset(http::StreamError) {
  if (http1_.sink() == nullptr) return served();  // nothing was sent
  serving_ = false;
  http1_.abandon();
  closeNow("abandoned");
}

void OriginConnection::pauseBody(bool pause) {
  if (pause == paused_) return;
  paused_ = pause;
  pause ? connection_->pauseReading() : connection_->resumeReading();
}

/// Whether the origin has the whole request. One that answers before it has may never read the
/// rest, and the next request would stand behind that. Of a small one it is taken for granted.
bool OriginConnection::requestTaken() const {
  constexpr uint64_t kSmall = 64 * 1024;
  if (!connection_->output().empty()) return false;
  if (sent() <= kSmall) return true;
  int waiting = 0;
  return ioctl(connection_->fd(), SIOCOUTQ, &waiting) == 0 && waiting == 0;
}

/// The response is over: others may be served, if the codec says so.
void OriginConnection::served() {
  serving_ = false;
  if (paused_) pauseBody(false);
  if (http1_.reusable() && connection_->input().empty() && requestTaken()) {
    pool_.toIdle(*this);
  } else {
    closeNow("not to be used again");
  }
}

// ---- The streams of HTTP/2 ---------------------------------------------------------------------

bool OriginConnection::hasRoom() const {
  if (closed_ || connection_->closing()) return false;
  if (http2_ == nullptr) return !serving_;
  return http2_->available() && requests_ < pool_.settings_.maxRequests;
}

/// Others find it while it has room.
void OriginConnection::share() {
  auto& link = static_cast<ListLink<SharedTag>&>(*this);
  if (!hasRoom()) return link.unlink();
  if (!link.linked()) origin_.shared.pushFront(*this);
}

void OriginConnection::onCodecStreams() {
  if (closed_ || connection_->closing()) return;
  share();
  if (http2_->streams() == 0) pool_.toIdle(*this);
}

void OriginConnection::onCodecClose(std::string_view reason) {
  if (closed_) return;
  pool_.removeIdle(*this);
  static_cast<ListLink<SharedTag>&>(*this).unlink();
  connection_->close(net::Connection::Close::kIdle, reason);
  if (!closed_) pool_.loop_.arm(idleTimer_, kLeaveTime);
}

void OriginConnection::atPassEnd() {
  if (closed_) return;
  http2_->flush();
  if (!closed_) connection_->markDirty();
}

// ---- Its life ----------------------------------------------------------------------------------

void OriginConnection::onData(net::Connection& connection, bool end) {
  if (http2_ != nullptr) {
    http2_->onData(connection.input(), end);
    if (!closed_) connection.markDirty();
    return;
  }
  // Bytes or the end on an idle connection: nothing may follow the last response.
  if (!serving_) return closeNow("closed while idle");
  http1_.onData(connection.input(), end);
  if (closed_) return;
  if (http1_.sink() == nullptr) return served();
  if (end) closeNow("closed by the upstream");
}

void OriginConnection::onWritable(net::Connection&) {
  if (http2_ != nullptr) {
    http2_->onWritable();
    if (!closed_) connection_->markDirty();
  } else if (http1_.sink() != nullptr) {
    http1_.sink()->onRequestWritable();
  }
}

void OriginConnection::onClosed(net::Connection&, std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  pool_.removeIdle(*this);
  static_cast<ListLink<SharedTag>&>(*this).unlink();
  static_cast<ListLink<OpeningTag>&>(*this).unlink();
  if (http2_ != nullptr) {
    http2_->onConnectionClosed(reason);
  } else if (ready_) {
    http1_.onConnectionClosed(reason);
  } else {
    failWaiters(reason);
  }
  pool_.destroy(*this);
}

void OriginConnection::closeNow(std::string_view reason) {
  if (!closed_) connection_->close(net::Connection::Close::kNow, reason);
}

/// It is not needed any more; nothing is under way.
void OriginConnection::retire(std::string_view reason) {
  if (http2_ == nullptr || closed_) return closeNow(reason);
  http2_->leave();
}

void OriginConnection::onConnectTimeout() { closeNow(kConnectTimeout); }
void OriginConnection::onIdleTimeout() {
  connection_->closing() ? closeNow("idle") : retire("idle");
}

}  // namespace tollgate::upstream
