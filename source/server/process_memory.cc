#include "source/server/process_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

#ifdef TOLLGATE_SANITIZED
// The sanitizer's allocator stands in for the library's; GCC ships no header for these.
extern "C" size_t __sanitizer_get_heap_size();
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tollgate::server {

uint64_t ProcessMemory::resident() {
  std::ifstream in("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

ProcessMemory::Heap ProcessMemory::heap() {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (looked_ != std::chrono::steady_clock::time_point{} && now - looked_ < kFresh) return heap_;
  looked_ = now;
#ifdef TOLLGATE_SANITIZED
  heap_.held = __sanitizer_get_heap_size();
  heap_.inUse = __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  heap_.held = info.arena + info.hblkhd;
  heap_.inUse = info.uordblks + info.hblkhd;
#endif
  return heap_;
}

}  // namespace tollgate::server
