#include "source/server/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "source/base/damper.h"
#include "source/log/error_log.h"
#include "source/proxy/http_connection_manager.h"
#include "source/proxy/tcp_proxy.h"
#include "source/server/descriptor_limit.h"
#include "source/tls/client_hello.h"

namespace tollgate::server {

using event::Millis;

namespace {
constexpr size_t kRelief = 32;  ///< Idle connections that are closed at once for want of room.
}  // namespace

/// Reads the first bytes of a connection until the TLS hello is complete, then hands them on.
class Acceptor::HelloReader final : public event::FdHandler, public event::Deferred {
 public:
  static void start(Acceptor& acceptor, const Place& at, int fd, const net::Address& peer) {
    auto* reader = new HelloReader(acceptor, at, fd, peer);
    reader->watch_.startLevelRead(acceptor.context_.loop, fd, *reader);
    const Millis limit = acceptor.context_.rules.limits.handshake;
    if (limit.count() > 0) acceptor.context_.loop.arm(reader->timer_, limit);
  }
  ~HelloReader() override {
    watch_.stop();
    if (fd_ >= 0) ::close(fd_);
  }

  void onReady(bool, bool, bool) override {
    char bytes[4096];
    ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return finish();
    hello_.append(bytes, static_cast<size_t>(got));
    tls::ClientHello hello = tls::parseClientHello(hello_);
    if (hello.state == tls::ClientHello::kNeedMore) return;
    const Chain* chain = at_.plan->choose(peer_, at_.port, hello.serverName, hello.alpn);
    // What is no TLS where TLS should be gets its answer from the transport.
    bool encrypted = hello.state == tls::ClientHello::kParsed;
    if (chain == nullptr || (encrypted && chain->tls == nullptr)) {
      acceptor_.context_.counters.unmatched.add();
      return finish();
    }
    buffer::Buffer prefix(acceptor_.context_.slabs);
    prefix.append(hello_);
    int fd = fd_;
    watch_.stop();
    fd_ = -1;
    finish();
    acceptor_.serve(at_, *chain, fd, std::move(prefix));
  }

 private:
  HelloReader(Acceptor& acceptor, const Place& at, int fd, const net::Address& peer)
      : acceptor_(acceptor), at_(at), peer_(peer), fd_(fd) {
    acceptor.context_.counters.greeting.add();
  }
  void finish() {
    acceptor_.context_.counters.greeting.sub();
    watch_.stop();
    event::EventLoop::cancel(timer_);
    acceptor_.context_.loop.deferDelete(std::unique_ptr<event::Deferred>(this));
  }
  void onTimeout() {
    acceptor_.context_.rules.counters.handshake.add();
    finish();
  }

  Acceptor& acceptor_;
  const Place at_;
  net::Address peer_;
  int fd_;
  std::string hello_;
  event::FdWatch watch_;
  event::MemberTimer<HelloReader, &HelloReader::onTimeout> timer_{*this};
};

Status Acceptor::open(std::shared_ptr<const ListenerPlan> plan, bool reusePort) {
  for (const net::Address& address : plan->addresses) {
    if (Status opened = listen({plan, address.port(), true}, address, reusePort); !opened) {
      return opened;
    }
  }
  return {};
}

Status Acceptor::listen(Place at, const net::Address& address, bool reusePort) {
  auto socket = std::make_unique<Socket>();
  socket->at = std::move(at);
  socket->address = address;
  net::Listener::Options options;
  options.reusePort = reusePort;
  options.backlog = socket->at.plan->backlog;
  options.leaveReserve = !socket->at.plan->onMain();
  options.onShortage = [this, of = socket.get()] { onShortage(of->at.plan->name); };
  auto listener = net::Listener::open(
      context_.loop, address, std::move(options),
      [this, to = socket.get()](int fd, const net::Address& peer) { accept(to->at, fd, peer); });
  if (!listener) return listener.error();
  socket->listener = std::move(listener).value();
  sockets_.push_back(std::move(socket));
  return {};
}

size_t Acceptor::relieve() {
  const size_t closed = context_.closeIdle(kRelief);
  context_.counters.descriptors.add(closed);
  return closed;
}

/// Room for those who want to come in: as connections that are idle can be closed at no loss.
void Acceptor::onShortage(const std::string& listener) {
  const size_t closed = relieve();
  if (closed == 0 && onNothingSpare) onNothingSpare();
  static Damper damper(std::chrono::seconds(10));
  auto line = damper.admit(listener, event::Clock::now());
  if (!line) return;
  log::error(log::Level::kError,
             "listener " + listener + ": no file descriptor is left (limit " +
                 std::to_string(descriptorLimit()) + "): new connections wait, " +
                 std::to_string(closed) +
                 " idle ones were closed; raise the limit (ulimit -n, LimitNOFILE= of systemd, "
                 "--ulimit nofile= of Docker)" +
                 line->text());
}

std::vector<ListenFailure> Acceptor::follow(const ListenerPlans& plans) {
  std::vector<ListenFailure> failures;
  if (closed_) return failures;
  std::vector<std::shared_ptr<const ListenerPlan>> gone;
  std::vector<std::unique_ptr<Socket>> before = std::move(sockets_);
  sockets_.clear();
  for (auto& socket : before) {
    if (socket->at.stays) sockets_.push_back(std::move(socket));
  }
  std::erase(before, nullptr);
  for (const auto& plan : plans) {
    for (const net::Address& address : plan->addresses) {
      auto held = std::find_if(before.begin(), before.end(), [&](const auto& socket) {
        return socket != nullptr && socket->address == address;
      });
      if (held != before.end()) {
        if ((*held)->at.plan != plan) {
          gone.push_back(std::exchange((*held)->at.plan, plan));
          (*held)->listener->setBacklog(plan->backlog);
        }
        sockets_.push_back(std::move(*held));
        continue;
      }
      Status opened = listen({plan, address.port(), false}, address, true);
      if (!opened) failures.push_back({plan.get(), opened.error()});
    }
  }
  for (auto& socket : before) {
    if (socket == nullptr) continue;
    stop(*socket);
    gone.push_back(std::move(socket->at.plan));
  }
  for (const auto& plan : gone) context_.drainListener(plan.get());
  return failures;
}

/// Takes what still waits to be accepted, then stops listening.
void Acceptor::stop(Socket& socket) {
  socket.listener->onReady(true, false, false);
  socket.listener->close();
}

void Acceptor::close() {
  closed_ = true;
  for (auto& socket : sockets_) stop(*socket);
}

void Acceptor::accept(const Place& at, int fd, const net::Address& peer) {
  context_.counters.accepted.add();
  if (at.plan->needsHello) return HelloReader::start(*this, at, fd, peer);
  const Chain* chain = at.plan->choose(peer, at.port, {}, {});
  if (chain == nullptr) {
    context_.counters.unmatched.add();
    ::close(fd);
    return;
  }
  serve(at, *chain, fd, buffer::Buffer(context_.slabs));
}

void Acceptor::serve(const Place& at, const Chain& chain, int fd, buffer::Buffer prefix) {
  auto transport = chain.tls != nullptr
                       ? chain.tls->accept(fd, std::move(prefix), context_.certificates())
                       : net::makeTcpTransport(fd);
  if (transport == nullptr) {
    ::close(fd);
    return;
  }
  auto& rules = chain.kind == Chain::Kind::kTcp ? context_.tunnelRules : context_.rules;
  auto connection = std::make_unique<net::Connection>(context_.loop, context_.slabs, fd,
                                                      std::move(transport), false, rules);
  if (chain.tls == nullptr && !prefix.empty()) connection->input().moveFrom(prefix);
  bool waiting = !connection->input().empty() || chain.tls != nullptr;
  net::Connection& started = *connection;
  proxy::ServedConnection* served = nullptr;
  if (chain.kind == Chain::Kind::kTcp) {
    proxy::TcpProxy::Target target{chain.tcp.host, chain.tcp.port, chain.tcp.connectTimeout,
                                   chain.tcp.idleTimeout};
    served = &proxy::TcpProxy::serve(context_, std::move(connection), target);
  } else {
    proxy::ClientPolicy policy{at.plan->policiesDiffer ? at.plan.get() : nullptr,
                               chain.clientPolicy};
    served = &proxy::HttpConnectionManager::serve(context_, std::move(connection), at.port,
                                                  chain.filters.get(), policy);
  }
  if (!at.stays) served->listener = at.plan;
  if (waiting) started.poke();
}

}  // namespace tollgate::server
