#include "source/net/connect.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tollgate::net {
namespace {

/// A socket that listens on a free port of the loopback address.
class Server {
 public:
  Server() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address any = Address::parse("127.0.0.1", 0).value();
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    auto* at = reinterpret_cast<sockaddr*>(&bound);
    if (::bind(fd_, any.sockaddrPtr(), any.length()) == 0 && ::listen(fd_, 1) == 0 &&
        ::getsockname(fd_, at, &length) == 0) {
      address_ = Address::fromSockaddr(at, length);
    }
  }
  ~Server() { ::close(fd_); }
  const Address& address() const { return address_; }

 private:
  int fd_;
  Address address_;
};

TEST(BeginConnect, GivesASocketThatDoesNotBlockAndIsNotInherited) {
  Server server;
  const ConnectingSocket socket = beginConnect(server.address());
  ASSERT_GE(socket.fd, 0);
  pollfd ready{socket.fd, POLLOUT, 0};
  ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
  int error = -1, noDelay = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &length);
  EXPECT_EQ(error, 0);
  ::getsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &noDelay, &length);
  EXPECT_NE(noDelay, 0);
  EXPECT_NE(::fcntl(socket.fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket.fd, F_GETFD) & FD_CLOEXEC, 0);
  ::close(socket.fd);
}

TEST(BeginConnect, SaysWhyThereIsNone) {
  const ConnectingSocket broadcast = beginConnect(Address::parse("255.255.255.255", 1).value());
  EXPECT_EQ(broadcast.fd, -1);
  EXPECT_NE(broadcast.error, 0);
  EXPECT_TRUE(broadcast.opened);
}

TEST(BeginConnect, TellsAProcessWithoutDescriptorsFromAnAddressThatCannotBeReached) {
  Server server;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const ConnectingSocket socket = beginConnect(server.address());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(socket.fd, -1);
  EXPECT_EQ(socket.error, EMFILE);
  EXPECT_FALSE(socket.opened);
}

}  // namespace
}  // namespace tollgate::net
