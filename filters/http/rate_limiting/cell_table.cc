#include "filters/http/rate_limiting/cell_table.h"

#include <sched.h>

#include <bit>
#include <limits>

namespace tollgate::filters::rate_limiting {
CellTable::CellTable(size_t cells)
    : mask_(std::bit_ceil(cells < kGroup ? kGroup : cells) - 1),
      cells_(mask_ + 1),
      changing_((mask_ + 1) / kGroup) {}

Cell& CellTable::takeOver(size_t group, uint64_t key, int64_t nowMillis) {
  std::atomic<uint8_t>& changing = changing_[group / kGroup];
  while (changing.exchange(1, std::memory_order_acquire) != 0) sched_yield();
  Cell* cell = peek(group, key);
  if (cell == nullptr) cell = &insert(group, key, nowMillis);
  changing.store(0, std::memory_order_release);
  return *cell;
}

Cell& CellTable::insert(size_t group, uint64_t key, int64_t nowMillis) {
  Cell* best = nullptr;
  int64_t bestEnd = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < kGroup; ++i) {
    Cell& cell = cells_[group + i];
    bool free = cell.key.load(std::memory_order_relaxed) == kFree;
    int64_t end =
        free ? std::numeric_limits<int64_t>::min() : cell.busyUntil.load(std::memory_order_relaxed);
    if (best == nullptr || end < bestEnd) {
      best = &cell;
      bestEnd = end;
    }
  }
  if (bestEnd > nowMillis) evictedBusy_.fetch_add(1, std::memory_order_relaxed);
  // Cleared while no key finds it, so that nobody takes the former state for its own.
  best->key.store(kFree, std::memory_order_release);
  best->state.store(0, std::memory_order_relaxed);
  best->busyUntil.store(0, std::memory_order_relaxed);
  best->key.store(key, std::memory_order_release);
  return *best;
}

}  // namespace tollgate::filters::rate_limiting
