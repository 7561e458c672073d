#include "source/server/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "source/proxy/http_connection_manager.h"
#include "source/proxy/tcp_proxy.h"
#include "source/tls/client_hello.h"

namespace tollgate::server {

using event::Millis;

/// Reads the first bytes of a connection until the TLS hello is complete, then hands them on.
class Acceptor::HelloReader final : public event::FdHandler, public event::Deferred {
 public:
  static void start(Acceptor& acceptor, const ListenerPlan& plan, uint16_t port, int fd,
                    const net::Address& peer) {
    auto* reader = new HelloReader(acceptor, plan, port, fd, peer);
    reader->watch_.startLevelRead(acceptor.context_.loop, fd, *reader);
    acceptor.context_.loop.arm(reader->timer_, kLimit);
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
    const Chain* chain = plan_.choose(peer_, port_, hello.serverName, hello.alpn);
    bool encrypted = hello.state == tls::ClientHello::kParsed;
    if (chain == nullptr || (chain->tls != nullptr) != encrypted) {
      ++acceptor_.unmatched_;
      return finish();
    }
    buffer::Buffer prefix(acceptor_.context_.slabs);
    prefix.append(hello_);
    int fd = fd_;
    watch_.stop();
    fd_ = -1;
    acceptor_.serve(*chain, port_, fd, std::move(prefix));
    finish();
  }

 private:
  static constexpr Millis kLimit{10000};

  HelloReader(Acceptor& acceptor, const ListenerPlan& plan, uint16_t port, int fd,
              const net::Address& peer)
      : acceptor_(acceptor), plan_(plan), peer_(peer), fd_(fd), port_(port) {}
  void finish() {
    watch_.stop();
    event::EventLoop::cancel(timer_);
    acceptor_.context_.loop.deferDelete(std::unique_ptr<event::Deferred>(this));
  }
  void onTimeout() { finish(); }

  Acceptor& acceptor_;
  const ListenerPlan& plan_;
  net::Address peer_;
  int fd_;
  uint16_t port_;
  std::string hello_;
  event::FdWatch watch_;
  event::MemberTimer<HelloReader, &HelloReader::onTimeout> timer_{*this};
};

Status Acceptor::open(const ListenerPlan& plan, bool reusePort) {
  for (const net::Address& address : plan.addresses) {
    net::Listener::Options options{.reusePort = reusePort, .backlog = plan.backlog};
    uint16_t port = address.port();
    auto listener = net::Listener::open(
        context_.loop, address, options,
        [this, &plan, port](int fd, const net::Address& peer) { accept(plan, port, fd, peer); });
    if (!listener) return listener.error();
    listeners_.push_back(std::move(listener).value());
  }
  return {};
}

void Acceptor::close() {
  for (auto& listener : listeners_) {
    listener->onReady(true, false, false);
    listener->close();
  }
}

void Acceptor::accept(const ListenerPlan& plan, uint16_t port, int fd, const net::Address& peer) {
  if (plan.needsHello) return HelloReader::start(*this, plan, port, fd, peer);
  const Chain* chain = plan.choose(peer, port, {}, {});
  if (chain == nullptr) {
    ++unmatched_;
    ::close(fd);
    return;
  }
  serve(*chain, port, fd, buffer::Buffer(context_.slabs));
}

void Acceptor::serve(const Chain& chain, uint16_t port, int fd, buffer::Buffer prefix) {
  auto transport =
      chain.tls != nullptr ? chain.tls->accept(fd, std::move(prefix)) : net::makeTcpTransport(fd);
  if (transport == nullptr) {
    ::close(fd);
    return;
  }
  auto connection = std::make_unique<net::Connection>(context_.loop, context_.slabs, fd,
                                                      std::move(transport), false);
  if (chain.tls == nullptr && !prefix.empty()) connection->input().moveFrom(prefix);
  bool waiting = !connection->input().empty() || chain.tls != nullptr;
  net::Connection& started = *connection;
  if (chain.kind == Chain::Kind::kTcp) {
    proxy::TcpProxy::Target target{chain.tcp.host, chain.tcp.port, chain.tcp.connectTimeout,
                                   chain.tcp.idleTimeout};
    proxy::TcpProxy::serve(context_, std::move(connection), target);
  } else {
    proxy::HttpConnectionManager::serve(context_, std::move(connection), port, chain.filters.get());
  }
  if (waiting) started.poke();
}

}  // namespace tollgate::server
