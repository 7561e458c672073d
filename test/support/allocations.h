#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

/// Counts what this thread takes from the heap by `new`. For one file of a test binary.
namespace tollgate::test {
inline thread_local size_t allocations = 0;
}

// Not inlined: compilers would take free() for the wrong counterpart of the `new` they see.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++tollgate::test::allocations;
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++tollgate::test::allocations;
  return std::malloc(bytes > 0 ? bytes : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
