#include "source/net/datagrams.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tollgate::net {
namespace {

std::string_view sendErrorText(int error) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
      return "the kernel's buffer is full";
    case EMSGSIZE:
      return "a datagram is larger than the network takes";
    case ECONNREFUSED:
      return "nobody listens there";
    default:
      return "host or network unreachable";
  }
}

}  // namespace

DatagramSender::DatagramSender(Dialer& dialer, std::string host, uint16_t port)
    : dialer_(dialer), host_(std::move(host)), port_(port) {}

DatagramSender::~DatagramSender() {
  dialer_.cancelResolve(resolving_);
  if (fd_ >= 0) ::close(fd_);
}

void DatagramSender::send(std::string_view datagram) {
  if (datagram.size() > kMaxDatagramBytes) {
    return fail("a datagram is larger than the network takes", 1);
  }
  const bool old = dialer_.loop().now() - resolvedAt_ >= kLookAgain;
  if ((addresses_.empty() || old) && resolving_ == 0) resolve();
  if (resolving_ == 0 || !addresses_.empty()) return write(datagram);
  if (waiting_.size() >= kMaxWaiting) return fail("its name is not resolved yet", 1);
  waiting_.emplace_back(datagram);
}

void DatagramSender::resolve() {
  resolving_ = dialer_.resolve(host_, port_, true,
                               [this](std::vector<Address> addresses, std::string_view why) {
                                 resolving_ = 0;
                                 resolvedAt_ = dialer_.loop().now();
                                 if (!addresses.empty()) addresses_ = std::move(addresses);
                                 std::vector<std::string> waiting = std::exchange(waiting_, {});
                                 if (addresses_.empty()) return fail(why, waiting.size());
                                 for (const std::string& datagram : waiting) write(datagram);
                               });
}

void DatagramSender::write(std::string_view datagram) {
  if (addresses_.empty()) return fail("its name is not known", 1);
  const Address& to = addresses_.front();
  if (fd_ < 0 || family_ != to.family()) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    family_ = to.family();
    if (fd_ < 0) return fail("no socket can be opened", 1);
  }
  const ssize_t sent =
      ::sendto(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL, to.sockaddrPtr(), to.length());
  if (sent < 0) return fail(sendErrorText(errno), 1);
  ++sent_;
}

void DatagramSender::fail(std::string_view reason, uint64_t datagrams) {
  lost_ += datagrams;
  if (error_.empty()) error_ = reason;
}

}  // namespace tollgate::net
