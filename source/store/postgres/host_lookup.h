#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "source/base/result.h"

namespace tollgate::store {

/// The addresses of `host`, in the system's order, within `deadline`. A resolver that does not
/// answer in time is left to a thread of its own; a later call for the same host waits for that one
/// instead of starting another. Any thread. Wakes early, with an error, when `interruptFd` (-1:
/// none) is readable.
Result<std::vector<std::string>> lookUpHost(const std::string& host,
                                            std::chrono::steady_clock::time_point deadline,
                                            int interruptFd);

}  // namespace tollgate::store
