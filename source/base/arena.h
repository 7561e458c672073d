#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "source/base/copy.h"

namespace tollgate {

/// A bump allocator whose memory lives as long as one exchange. reset() keeps the first block, so a
/// recycled arena serves a usual request without malloc. Objects in it must be trivially
/// destructible or be destroyed by whoever made them. One thread.
class Arena {
 public:
  static constexpr size_t kBlockBytes = 4096;

  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
    uintptr_t start = (reinterpret_cast<uintptr_t>(cursor_) + alignment - 1) & ~(alignment - 1);
    if (cursor_ == nullptr || start + bytes > reinterpret_cast<uintptr_t>(end_)) {
      return allocateSlow(bytes, alignment);
    }
    cursor_ = reinterpret_cast<char*>(start + bytes);
    return reinterpret_cast<void*>(start);
  }

  char* chars(size_t count) { return static_cast<char*>(allocate(count, 1)); }

  std::string_view copy(std::string_view text) {
    char* bytes = chars(text.size());
    copyTo(bytes, text);
    return {bytes, text.size()};
  }

  template <typename... Views>
  std::string_view concat(Views... views) {
    std::string_view parts[] = {std::string_view(views)...};
    size_t total = 0;
    for (auto part : parts) total += part.size();
    char* bytes = chars(total);
    char* at = bytes;
    for (auto part : parts) at = copyTo(at, part);
    return {bytes, total};
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  /// Forgets everything; gives back all blocks but the first.
  void reset();

  /// Bytes taken from the system.
  size_t capacity() const { return capacity_; }

 private:
  struct Block {
    Block* next;
    size_t bytes;
  };
  void* allocateSlow(size_t bytes, size_t alignment);

  Block* first_ = nullptr;  ///< Kept over reset().
  Block* rest_ = nullptr;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace tollgate
