#include "source/net/open_admin.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "source/base/ascii.h"

namespace tollgate::net {
namespace {

bool isAny(const Address& address) {
  const std::string ip = address.ip();
  return ip == "0.0.0.0" || ip == "::";
}

/// Whether the address is one of this machine's: a way from there begins there. Sends nothing.
bool isOfThisMachine(const Address& address) {
  if (isLoopback(address) || isAny(address)) return true;
  const int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;  // not known: the careful answer
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* local = reinterpret_cast<sockaddr*>(&storage);
  const bool known = ::connect(fd, address.sockaddrPtr(), address.length()) == 0 &&
                     ::getsockname(fd, local, &length) == 0;
  ::close(fd);
  return known && Address::fromSockaddr(local, length).ip() == address.ip();
}

}  // namespace

bool isLoopback(const Address& address) {
  const std::string ip = address.ip();
  return ip.starts_with("127.") || ip == "::1";
}

bool OpenAdmin::meets(const Address& own, const Address& address) {
  if (isAny(own)) return isOfThisMachine(address);
  // Linux takes a connection to "any" for one to its own loopback address.
  if (isAny(address)) return isLoopback(own);
  return own.ip() == address.ip();
}

bool OpenAdmin::namedBy(std::string_view host, uint16_t port) const {
  if (auto literal = Address::parse(host, port)) return reachedBy(*literal);
  if (host.ends_with('.')) host.remove_suffix(1);
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  constexpr std::string_view kSuffix = ".localhost";
  const bool local = equalsIgnoreCase(host, "localhost") || equalsIgnoreCase(host, name) ||
                     (host.size() > kSuffix.size() &&
                      equalsIgnoreCase(host.substr(host.size() - kSuffix.size()), kSuffix));
  if (!local) return false;
  for (const Address& own : addresses_) {
    if (own.port() == port && (isAny(own) || isLoopback(own))) return true;
  }
  return false;
}

}  // namespace tollgate::net
