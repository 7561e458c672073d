#include "source/store/postgres/host_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "source/store/postgres/wait.h"

namespace tollgate::store {
namespace {

/// One getaddrinfo() under way, shared by its thread and those that wait for it.
struct Lookup {
  Lookup() : done(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Lookup() {
    if (done >= 0) ::close(done);
  }
  int done;  ///< Becomes readable, and stays so, once the rest is set.
  std::mutex mutex;
  bool finished = false;
  int code = 0;
  std::vector<std::string> addresses;
};

struct Running {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Lookup>> lookups;
};

/// Never destroyed: a thread may still be in getaddrinfo() when the process ends.
Running& running() {
  static auto* instance = new Running;
  return *instance;
}

void resolve(const std::string& host, const std::shared_ptr<Lookup>& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  std::vector<std::string> addresses;
  for (addrinfo* item = found; item != nullptr; item = item->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(item->ai_addr, item->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
      addresses.emplace_back(text);
    }
  }
  if (found != nullptr) freeaddrinfo(found);
  {
    std::lock_guard lock(running().mutex);
    running().lookups.erase(host);
  }
  {
    std::lock_guard lock(lookup->mutex);
    lookup->finished = true;
    lookup->code = code;
    lookup->addresses = std::move(addresses);
  }
  uint64_t one = 1;
  (void)!::write(lookup->done, &one, sizeof(one));
}

std::shared_ptr<Lookup> join(const std::string& host) {
  std::lock_guard lock(running().mutex);
  auto& lookup = running().lookups[host];
  if (lookup) return lookup;
  lookup = std::make_shared<Lookup>();
  auto result = lookup;
  try {
    std::thread(resolve, host, result).detach();
  } catch (const std::system_error&) {
    running().lookups.erase(host);
    return nullptr;
  }
  return result;
}

bool isAddress(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

}  // namespace

Result<std::vector<std::string>> lookUpHost(const std::string& host,
                                            std::chrono::steady_clock::time_point deadline,
                                            int interruptFd) {
  if (isAddress(host)) return std::vector<std::string>{host};
  auto lookup = join(host);
  if (!lookup || lookup->done < 0) return Error::unavailable("no thread left to look up " + host);
  switch (waitFor(lookup->done, POLLIN, deadline, interruptFd)) {
    case Wait::kReady:
      break;
    case Wait::kTimeout:
      return Error::unavailable("the look-up of " + host + " took too long; check the DNS server");
    case Wait::kInterrupted:
      return Error::unavailable("shutting down");
  }
  std::lock_guard lock(lookup->mutex);
  if (lookup->code != 0 || lookup->addresses.empty()) {
    std::string cause = lookup->code != 0 ? gai_strerror(lookup->code) : "no address";
    return Error::unavailable("cannot look up " + host + ": " + cause);
  }
  return lookup->addresses;
}

}  // namespace tollgate::store
