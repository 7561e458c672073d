#include "source/proxy/tcp_proxy.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tollgate::proxy {

ServedConnection& TcpProxy::serve(WorkerContext& worker,
                                  std::unique_ptr<net::Connection> downstream,
                                  const Target& target) {
  auto* proxy = new TcpProxy(worker, std::move(downstream), target);
  proxy->down_.connection->start(proxy->down_);
  proxy->resolve();
  return *proxy;
}

TcpProxy::TcpProxy(WorkerContext& worker, std::unique_ptr<net::Connection> downstream,
                   const Target& target)
    : worker_(worker), target_(target) {
  down_.connection = std::move(downstream);
  down_.other = &up_;
  up_.other = &down_;
  down_.connected = true;
  worker_.loop.arm(timer_, target_.connectTimeout);
  worker_.addConnection(*this);
  worker_.counters.handled.add();
  worker_.counters.active.add();
}

TcpProxy::~TcpProxy() = default;

void TcpProxy::resolve() {
  auto literal = net::Address::parse(target_.host, target_.port);
  if (literal) return connect(*literal);
  resolving_ = worker_.resolver.resolve(
      target_.host, [this](const std::vector<net::Address>& addresses, net::ResolveError error) {
        resolving_ = 0;
        if (addresses.empty()) {
          return failTarget(error == net::ResolveError::kNotFound
                                ? http::FailureCause::kNameUnknown
                                : http::FailureCause::kNameServerFailed,
                            http::FailurePhase::kResolving);
        }
        net::Address address = addresses[worker_.resolver.turn() % addresses.size()];
        if (address.port() == 0) address.setPort(target_.port);
        connect(address);
      });
}

/// Bytes cannot be told why: the listener that leads there was warned of when it was written.
bool TcpProxy::leadsToOpenAdmin(const net::Address& address) const {
  const net::OpenAdmin* open = worker_.settings.openAdmin.get();
  return open != nullptr && open->reachedBy(address) &&
         down_.connection->transport().peerCertificate() == nullptr;
}

void TcpProxy::connect(net::Address address) {
  if (leadsToOpenAdmin(address)) {
    worker_.counters.openAdmin.add();
    return fail();
  }
  address_ = address;
  const auto phase = http::FailurePhase::kConnecting;
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failTarget(http::FailureCause::kNoSocket, phase);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd, address.sockaddrPtr(), address.length()) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    return failTarget(http::causeOf(phase, net::connectErrorText(error)), phase);
  }
  up_.connection = std::make_unique<net::Connection>(
      worker_.loop, worker_.slabs, fd, net::makeTcpTransport(fd), true, worker_.pool.rules());
  up_.connection->start(up_);
}

void TcpProxy::onConnected(End& end) {
  if (&end != &up_) return;
  up_.connected = true;
  worker_.loop.arm(timer_, target_.idleTimeout);
  onData(down_, false);
}

void TcpProxy::onData(End& from, bool end) {
  End& to = *from.other;
  if (gone_ || from.closed) return;
  if (!to.connected) {   // keep a first piece in the input until there is somebody to take it
    if (!from.paused) {  // an end that came already is told again after the pause
      from.paused = true;
      from.connection->pauseReading();
    }
    return;
  }
  worker_.loop.arm(timer_, target_.idleTimeout);
  to.connection->output().moveFrom(from.connection->input());
  if (end && !from.ended) {
    from.ended = true;
    to.connection->endOutput();
  }
  to.connection->markDirty();
  bool wait = to.connection->aboveHighMark();
  if (wait && !from.paused) {
    from.paused = true;
    from.connection->pauseReading();
  } else if (!wait && from.paused) {
    from.paused = false;
    from.connection->resumeReading();
  }
  if (down_.ended && up_.ended) {
    down_.connection->close(net::Connection::Close::kAfterFlush, "done");
    up_.connection->close(net::Connection::Close::kAfterFlush, "done");
  }
}

void TcpProxy::onWritable(End& to) {
  End& from = *to.other;
  if (!from.paused || from.closed) return;
  from.paused = false;
  from.connection->resumeReading();
}

void TcpProxy::onClosed(End& end, std::string_view reason) {
  end.closed = true;
  if (&end == &up_ && !up_.connected && !gone_) {
    const auto phase = http::FailurePhase::kConnecting;
    return failTarget(http::causeOf(phase, reason), phase);
  }
  End& other = *end.other;
  if (other.connection != nullptr && !other.closed) {
    bool orderly = end.ended || other.ended;
    other.connection->close(
        orderly ? net::Connection::Close::kAfterFlush : net::Connection::Close::kNow,
        "the other side closed");
    if (!other.closed) return;
  }
  fail();
}

/// Bytes that a slow end takes bring no call, and still are a sign of life.
void TcpProxy::onTimeout() {
  if (!up_.connected) {
    const bool resolving = resolving_ != 0;
    return failTarget(
        resolving ? http::FailureCause::kNameServerFailed : http::FailureCause::kConnectTimedOut,
        resolving ? http::FailurePhase::kResolving : http::FailurePhase::kConnecting);
  }
  uint64_t moved = 0;
  for (const End* end : {&down_, &up_}) {
    if (end->connection != nullptr) moved += end->connection->bytesWritten();
  }
  if (moved == moved_) return fail();
  moved_ = moved;
  worker_.loop.arm(timer_, target_.idleTimeout);
}

void TcpProxy::failTarget(http::FailureCause cause, http::FailurePhase phase) {
  if (!gone_) worker_.counters.count(cause);
  if (worker_.failureLog != nullptr && !gone_) {
    FailureLog::Failure failure;
    failure.cause = cause;
    failure.phase = phase;
    failure.service = "tcp-proxy";
    failure.host = target_.host;
    failure.port = target_.port;
    if (address_.valid()) failure.address = &address_;
    worker_.failureLog->write(failure, worker_.loop.now());
  }
  fail();
}

/// Ends both sides, once.
void TcpProxy::fail() {
  if (gone_) return;
  gone_ = true;
  if (resolving_ != 0) worker_.resolver.cancel(resolving_);
  event::EventLoop::cancel(timer_);
  ServedConnection::unlink();
  for (End* end : {&down_, &up_}) {
    if (end->connection != nullptr && !end->closed) {
      end->connection->close(net::Connection::Close::kNow, "tcp-proxy ended");
    }
  }
  worker_.counters.active.sub();
  worker_.loop.deferDelete(std::unique_ptr<event::Deferred>(this));
}

}  // namespace tollgate::proxy
