#include "source/base/damper.h"

namespace tollgate {

std::string Damper::LeftOut::text() const {
  std::string out;
  if (same > 0) out += " (" + std::to_string(same) + " more like this one were not logged)";
  if (others > 0) out += " (" + std::to_string(others) + " others were not logged)";
  return out;
}

bool Damper::take(Slot& slot, int64_t now, int64_t interval) {
  int64_t last = slot.lineAt.load(std::memory_order_relaxed);
  return now - last >= interval &&
         slot.lineAt.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

std::optional<Damper::LeftOut> Damper::admit(std::string_view key, Clock::time_point at) {
  const int64_t now = at.time_since_epoch().count();
  const uint64_t hash = TextHash{}(key) | 1;  // 0: nobody's slot
  const size_t first = (hash >> 1) % kSlots;
  const auto slotAt = [&](size_t way) -> Slot& { return slots_[(first + way) % kSlots]; };

  for (size_t way = 0; way < kWays; ++way) {
    Slot& slot = slotAt(way);
    if (slot.key.load(std::memory_order_relaxed) != hash) continue;
    if (!take(slot, now, interval_)) {
      slot.leftOut.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return LeftOut{slot.leftOut.exchange(0, std::memory_order_relaxed),
                   others_.exchange(0, std::memory_order_relaxed)};
  }
  for (size_t way = 0; way < kWays; ++way) {
    Slot& slot = slotAt(way);
    if (!take(slot, now, interval_)) continue;
    slot.key.store(hash, std::memory_order_relaxed);
    others_.fetch_add(slot.leftOut.exchange(0, std::memory_order_relaxed),
                      std::memory_order_relaxed);
    return LeftOut{0, others_.exchange(0, std::memory_order_relaxed)};
  }
  others_.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

}  // namespace tollgate
