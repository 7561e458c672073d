#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tollgate::log {

/// Lines from one thread to one other, without locks: a ring of bytes that refuses what does not
/// fit.
class LineRing {
 public:
  /// `bytes`: a power of two.
  explicit LineRing(size_t bytes) : mask_(bytes - 1), bytes_(new char[bytes]) {}

  static constexpr size_t npos = static_cast<size_t>(-1);

  /// Producer. False (and counted) if the line does not fit as a whole.
  bool push(std::string_view line);
  /// Consumer: appends what is there to `out`, at most `limit` bytes.
  size_t pop(std::string& out, size_t limit);
  /// Lines refused since the last call. Consumer.
  uint64_t takeLost() { return lost_.exchange(0, std::memory_order_relaxed); }

 private:
  const size_t mask_;
  std::unique_ptr<char[]> bytes_;
  // Positions only grow; each has one writer and a cache line of its own.
  alignas(64) std::atomic<size_t> written_{0};
  alignas(64) std::atomic<size_t> read_{0};
  alignas(64) std::atomic<uint64_t> lost_{0};
};

}  // namespace tollgate::log
