#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>

namespace tollgate {

/// A fixed number of objects whose fresh state is all zeroes, in pages of the system that take no
/// memory before they are written: a large table costs what is used of it. The constructor throws
/// std::bad_alloc. Begins at a page, and so suits any alignment.
template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(size_t count) : bytes_(count * sizeof(T)) {
    void* pages = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    items_ = static_cast<T*>(pages);
  }
  ~ZeroedArray() { munmap(items_, bytes_); }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;

  /// As of a pointer: what the array holds is not part of it.
  T& operator[](size_t index) const { return items_[index]; }

 private:
  T* items_;
  size_t bytes_;
};

}  // namespace tollgate
