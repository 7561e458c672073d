#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "source/net/transport.h"

namespace tollgate::net {
namespace {

const char* errorText(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return "connection reset by peer";
    case ETIMEDOUT:
      return "connection timed out";
    default:
      return "socket error";
  }
}

// As recv(2) and send(2) without being cancellation points: in a process with threads those of libc
// cost two atomic operations each, and nobody cancels a worker.
ssize_t receive(int fd, std::span<char> room) {
  return ::syscall(SYS_recvfrom, fd, room.data(), room.size(), 0, nullptr, nullptr);
}
ssize_t sendBytes(int fd, std::string_view bytes) {
  return ::syscall(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL, nullptr, 0);
}

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(int fd) : fd_(fd) {}

  IoResult read(buffer::Buffer& into, size_t limit, bool hangup) override {
    IoResult result;
    while (true) {
      std::span<char> room = into.reserve(1024);
      ssize_t got = receive(fd_, room);
      if (got > 0) {
        auto bytes = static_cast<size_t>(got);
        into.commit(bytes);
        result.bytes += bytes;
        // A short read has drained the socket: the next edge tells of more. After a hang-up there
        // is no next edge, so read on to the end.
        if (bytes < room.size() && !hangup) {
          result.state = IoResult::State::kDrained;
          return result;
        }
        if (result.bytes >= limit) {
          result.state = IoResult::State::kProgress;
          return result;
        }
        continue;
      }
      into.commit(0);
      if (got == 0) {
        result.state = IoResult::State::kEnd;
        return result;
      }
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        result.state = IoResult::State::kDrained;
        return result;
      }
      result.state = IoResult::State::kFailed;
      result.error = errorText(errno);
      return result;
    }
  }

  IoResult write(buffer::Buffer& from) override {
    IoResult result;
    while (!from.empty()) {
      std::string_view first = from.front();
      size_t offered = first.size();
      ssize_t sent = offered == from.size() ? sendBytes(fd_, first) : sendRanges(from, offered);
      if (sent < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) {
          result.state = IoResult::State::kDrained;
          return result;
        }
        result.state = IoResult::State::kFailed;
        result.error = errorText(errno);
        return result;
      }
      auto bytes = static_cast<size_t>(sent);
      from.consume(bytes);
      result.bytes += bytes;
      result.wire += bytes;
      if (bytes < offered) {
        result.state = IoResult::State::kDrained;
        return result;
      }
    }
    result.state = IoResult::State::kProgress;
    return result;
  }

  void shutdownWrite() override { ::shutdown(fd_, SHUT_WR); }

 private:
  /// Several ranges with one call; sets `offered` to their bytes.
  ssize_t sendRanges(const buffer::Buffer& from, size_t& offered) {
    iovec parts[16];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = from.iovecs(parts, 16);
    offered = 0;
    for (size_t i = 0; i < message.msg_iovlen; ++i) offered += parts[i].iov_len;
    return ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  }

  int fd_;
};

}  // namespace

std::unique_ptr<Transport> makeTcpTransport(int fd) { return std::make_unique<TcpTransport>(fd); }

}  // namespace tollgate::net
