#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

/// Ports for servers that tests start, reserved for as long as the test's process lives; why and
/// how, test/e2e/ports.py says. Both keep away from each other's.
namespace tollgate::test {

inline bool nobodyListensOn(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  bool free =
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0;
  close(fd);
  return free;
}

/// The name's socket stays open until the process ends.
inline bool reservePort(uint16_t port) {
  std::string name = "tollgate-test-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && nobodyListensOn(port)) {
    return true;
  }
  close(fd);
  return false;
}

/// A port where nobody listens, and no other test will.
inline uint16_t freePort() {
  constexpr int kFirst = 10000;
  int low = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low;
  int end = low > kFirst + 1000 ? low : 32768;
  std::random_device random;
  std::uniform_int_distribution<int> any(kFirst, end - 1);
  for (int i = 0; i < 10000; ++i) {
    auto port = static_cast<uint16_t>(any(random));
    if (reservePort(port)) return port;
  }
  throw std::runtime_error("no free port below " + std::to_string(end));
}

}  // namespace tollgate::test
