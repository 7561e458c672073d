#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "source/base/zeroed_array.h"

namespace tollgate::filters::rate_limiting {

/// What is kept for one limit of one client. `state` belongs to the algorithm; 0 is a fresh one.
struct Cell {
  std::atomic<uint64_t> key{0};
  std::atomic<uint64_t> state{0};
  std::atomic<int64_t> busyUntil{0};  ///< Unix ms after which `state` says nothing any more.
};

/// A fixed number of cells, shared by all threads: the memory of all limits of the process. A key
/// has kGroup places where it may be. A cell whose time is over gives way to a new key; where all
/// are busy the one that ends first does (counted: its client gets a fresh limit).
///
/// Finding a key and changing its state take no lock. Only a key that is new does, for its group of
/// cells and a few instructions: two threads must not give it two cells.
class CellTable {
 public:
  static constexpr size_t kDefaultCells = size_t{1} << 18;
  static constexpr size_t kGroup = 8;

  /// `cells`: rounded up to a power of two.
  explicit CellTable(size_t cells = kDefaultCells);

  /// The cell of `key` (not 0), taken over if there is none. After a change of its state, ask
  /// stillOf(): another thread may have given the cell away in between.
  Cell& find(uint64_t key, int64_t nowMillis) {
    const size_t group = key & mask_ & ~(kGroup - 1);
    Cell* cell = peek(group, key);
    return cell != nullptr ? *cell : takeOver(group, key, nowMillis);
  }
  static bool stillOf(const Cell& cell, uint64_t key) {
    return cell.key.load(std::memory_order_acquire) == key;
  }

  size_t capacity() const { return mask_ + 1; }
  uint64_t evictedBusy() const { return evictedBusy_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kFree = 0;
  Cell* peek(size_t group, uint64_t key) {
    for (Cell *cell = &cells_[group], *end = cell + kGroup; cell != end; ++cell) {
      if (stillOf(*cell, key)) return cell;
    }
    return nullptr;
  }
  Cell& takeOver(size_t group, uint64_t key, int64_t nowMillis);
  Cell& insert(size_t group, uint64_t key, int64_t nowMillis);

  size_t mask_;
  ZeroedArray<Cell> cells_;
  ZeroedArray<std::atomic<uint8_t>> changing_;  ///< One for each group; 1: taken.
  std::atomic<uint64_t> evictedBusy_{0};
};

}  // namespace tollgate::filters::rate_limiting
