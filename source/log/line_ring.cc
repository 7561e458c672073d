#include "source/log/line_ring.h"

#include <algorithm>
#include <cstring>

namespace tollgate::log {

bool LineRing::push(std::string_view line) {
  size_t at = written_.load(std::memory_order_relaxed);
  size_t used = at - read_.load(std::memory_order_acquire);
  if (line.size() > mask_ + 1 - used) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  size_t begin = at & mask_;
  size_t first = std::min(line.size(), mask_ + 1 - begin);
  std::memcpy(bytes_.get() + begin, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  written_.store(at + line.size(), std::memory_order_release);
  return true;
}

size_t LineRing::pop(std::string& out, size_t limit) {
  size_t at = read_.load(std::memory_order_relaxed);
  size_t count = std::min(written_.load(std::memory_order_acquire) - at, limit);
  size_t begin = at & mask_;
  size_t first = std::min(count, mask_ + 1 - begin);
  out.append(bytes_.get() + begin, first);
  out.append(bytes_.get(), count - first);
  read_.store(at + count, std::memory_order_release);
  return count;
}

}  // namespace tollgate::log
