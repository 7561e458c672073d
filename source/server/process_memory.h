#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace tollgate::server {

/// Memory of this process in bytes. Threads: any.
class ProcessMemory {
 public:
  /// What of it is in RAM, by the kernel.
  static uint64_t resident();

  /// The heap, as the C library has it.
  struct Heap {
    uint64_t held = 0;   ///< Taken from the system.
    uint64_t inUse = 0;  ///< Given out and not freed.
  };
  /// As it was up to ten seconds ago: the library looks through what is free under the locks of its
  /// arenas, which may make a thread that allocates wait for a moment.
  Heap heap();

 private:
  static constexpr std::chrono::seconds kFresh{10};
  std::mutex mutex_;
  std::chrono::steady_clock::time_point looked_{};
  Heap heap_;
};

}  // namespace tollgate::server
