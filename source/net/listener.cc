#include "source/net/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace tollgate::net {

namespace {
constexpr int kBatch = 64;  ///< Accepts per pass: others get their turn.

Error bindError(const Address& address, const char* step) {
  int error = errno;
  std::string remedy;
  if (error == EADDRINUSE)
    remedy = "; another program listens there: stop it or choose another port";
  if (error == EACCES) remedy = "; ports below 1024 need CAP_NET_BIND_SERVICE";
  return Error::unavailable(std::string(step) + " " + address.toString() + ": " +
                            std::strerror(error) + remedy);
}
}  // namespace

namespace {

/// A socket bound to the address, and listening.
Result<int> openSocket(const Address& address, const Listener::Options& options) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bindError(address, "cannot open a socket for");
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (options.reusePort) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (address.family() == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd, address.sockaddrPtr(), address.length()) != 0 ||
      ::listen(fd, options.backlog) != 0) {
    Error error = bindError(address, "cannot listen on");
    ::close(fd);
    return error;
  }
  return fd;
}

/// The kernel gives the lowest number that is free: one that is close to the limit tells that
/// nearly all are in use.
int reserveMark() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return INT_MAX;
  const int all = static_cast<int>(limit.rlim_cur);
  return all - std::clamp(all / 16, 8, 256);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(event::EventLoop& loop, const Address& address,
                                                 Options options, Accept accept) {
  auto fd = openSocket(address, options);
  if (!fd) return fd.error();
  return std::unique_ptr<Listener>(new Listener(loop, *fd, std::move(options), std::move(accept)));
}

Status Listener::probe(const Address& address) {
  // Without SO_REUSEPORT, so that it is refused where others listen with it.
  Options options;
  options.reusePort = false;
  options.backlog = 0;
  auto fd = openSocket(address, options);
  if (!fd) return fd.error();
  ::close(*fd);
  return {};
}

void Listener::setBacklog(int backlog) { ::listen(fd_, backlog); }

Listener::Listener(event::EventLoop& loop, int fd, Options options, Accept accept)
    : loop_(loop),
      fd_(fd),
      mark_(options.leaveReserve ? reserveMark() : INT_MAX),
      options_(std::move(options)),
      accept_(std::move(accept)) {
  resume();
}

void Listener::resume() {
  if (fd_ >= 0) watch_.startLevelRead(loop_, fd_, *this);
}

void Listener::backOff() {
  ++shortages_;
  scarce_ = true;
  watch_.stop();
  loop_.arm(timer_, kBackOff);
  if (options_.onShortage) options_.onShortage();
}

/// Whether the next descriptor stays below the reserve.
bool Listener::room() const {
  const int next = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (next >= 0) ::close(next);
  return next >= 0 && next < mark_;
}

Listener::~Listener() { close(); }

void Listener::close() {
  watch_.stop();
  event::EventLoop::cancel(timer_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Address Listener::address() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address::fromSockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

void Listener::onReady(bool, bool, bool) {
  if (scarce_ && !room()) return backOff();
  scarce_ = false;
  for (int i = 0; i < kBatch && fd_ >= 0; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&storage), &length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) backOff();
      return;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    accept_(fd, Address::fromSockaddr(reinterpret_cast<sockaddr*>(&storage), length));
    if (fd >= mark_ && fd_ >= 0)
      return backOff();  // one per listener may lie in the reserve, and is served
  }
}

}  // namespace tollgate::net
