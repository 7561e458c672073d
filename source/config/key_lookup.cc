#include "source/config/key_lookup.h"

#include <cstring>

namespace tollgate::config {
namespace {

ShortHash::Key randomKey() {
  ShortHash::Key key;
  std::string bytes = tls::randomBytes(sizeof key);
  std::memcpy(key.data(), bytes.data(), sizeof key);
  tls::wipe(bytes);
  return key;
}

}  // namespace

KeyLookup::KeyLookup(std::shared_ptr<const Credentials> credentials, size_t slots)
    : credentials_(std::move(credentials)),
      hash_(randomKey()),
      mask_(std::bit_ceil(std::max(slots, kWays)) / kWays - 1),
      slots_((mask_ + 1) * kWays) {}

void KeyLookup::remember(const Probe& probe) const {
  Slot* slots = set(probe.hash);
  // The least often written slot: free ones first, then in turn.
  Slot* chosen = &slots[0];
  for (size_t i = 1; i < kWays; ++i) {
    if (slots[i].sequence.load(std::memory_order_relaxed) <
        chosen->sequence.load(std::memory_order_relaxed)) {
      chosen = &slots[i];
    }
  }
  uint64_t number = chosen->sequence.load(std::memory_order_relaxed);
  // Another worker writes it: let it.
  if ((number & 1) != 0 ||
      !chosen->sequence.compare_exchange_strong(number, number + 1, std::memory_order_acq_rel)) {
    return;
  }
  uint64_t words[6] = {probe.hash.low, probe.hash.high, 0, 0, 0, 0};
  std::memcpy(words + 2, probe.digest.data(), probe.digest.size());
  for (size_t w = 0; w < 6; ++w) chosen->words[w].store(words[w], std::memory_order_release);
  chosen->sequence.store(number + 2, std::memory_order_release);
}

}  // namespace tollgate::config
