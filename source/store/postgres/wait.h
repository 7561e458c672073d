#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace tollgate::store {

enum class Wait { kReady, kTimeout, kInterrupted };

/// Waits until `fd` (-1: nothing) is ready for `events`, the deadline passes, or `interruptFd` (-1:
/// none) is readable. A deadline that has passed still looks once.
inline Wait waitFor(int fd, short events, std::chrono::steady_clock::time_point deadline,
                    int interruptFd) {
  pollfd fds[2] = {{fd, events, 0}, {interruptFd, POLLIN, 0}};
  while (true) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    int millis = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
    int ready = ::poll(fds, 2, millis);
    if (fds[1].revents != 0 && ready > 0) return Wait::kInterrupted;
    if (fds[0].revents != 0 && ready > 0) return Wait::kReady;
    if (ready < 0 && errno != EINTR) return Wait::kTimeout;
    if (ready <= 0 && std::chrono::steady_clock::now() >= deadline) return Wait::kTimeout;
  }
}

}  // namespace tollgate::store
