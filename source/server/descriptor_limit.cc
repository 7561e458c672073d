#include "source/server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace tollgate::server {

namespace {
constexpr rlim_t kMost = 1'048'576;  ///< What the kernel allows by default (fs.nr_open).
}  // namespace

uint64_t descriptorLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

uint64_t raiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t wanted = std::min(limit.rlim_max, kMost);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return descriptorLimit();
}

}  // namespace tollgate::server
