#include "source/net/connect.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tollgate::net {

ConnectingSocket beginConnect(const Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {-1, errno, false};
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd, address.sockaddrPtr(), address.length()) == 0 || errno == EINPROGRESS) {
    return {fd};
  }
  const int error = errno;
  ::close(fd);
  return {-1, error};
}

}  // namespace tollgate::net
