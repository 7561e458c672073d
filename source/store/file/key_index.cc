#include "source/store/file/key_index.h"

#include <xxhash.h>

#include <random>

namespace tollgate::store {
namespace {

constexpr size_t kFirstSlots = 1024;
constexpr uint64_t kHandedOn = 1;  ///< A bit of Slot::hash.

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 32) - 'a' + 10;
}

/// The 128 bits of a UUID's text.
void pack(std::string_view id, uint64_t& high, uint64_t& low) {
  high = low = 0;
  int digits = 0;
  for (char c : id) {
    if (c == '-' || digits == 32) continue;
    uint64_t& half = digits++ < 16 ? high : low;
    half = half << 4 | static_cast<uint64_t>(hexValue(c) & 15);
  }
}

std::string unpack(uint64_t high, uint64_t low) {
  std::string out;
  for (uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      out += "0123456789abcdef"[(half >> shift) & 15];
      if (out.size() == 8 || out.size() == 13 || out.size() == 18 || out.size() == 23) out += '-';
    }
  }
  return out;
}

}  // namespace

KeyIndex::KeyIndex() : slots_(kFirstSlots) {
  std::random_device random;
  seed_ = static_cast<uint64_t>(random()) << 32 | random();
}

uint64_t KeyIndex::hashOf(std::string_view kind, std::string_view field,
                          std::string_view value) const {
  uint64_t hash = XXH3_64bits_withSeed(kind.data(), kind.size(), seed_);
  hash = XXH3_64bits_withSeed(field.data(), field.size(), hash);
  hash = XXH3_64bits_withSeed(value.data(), value.size(), hash);
  hash &= ~kHandedOn;
  return hash == 0 ? 2 : hash;
}

KeyIndex::Slot& KeyIndex::slotFor(std::vector<Slot>& slots, uint64_t hash) const {
  size_t at = static_cast<size_t>((static_cast<unsigned __int128>(hash) * slots.size()) >> 64);
  while (slots[at].hash != 0 && (slots[at].hash & ~kHandedOn) != hash)
    at = at + 1 == slots.size() ? 0 : at + 1;
  return slots[at];
}

void KeyIndex::grow() {
  std::vector<Slot> larger(slots_.size() * 3 / 2);
  for (const Slot& slot : slots_) {
    if (slot.hash != 0) slotFor(larger, slot.hash & ~kHandedOn) = slot;
  }
  slots_ = std::move(larger);
}

bool KeyIndex::add(std::string_view kind, std::string_view field, std::string_view value,
                   std::string_view id) {
  if (used_ * 5 >= slots_.size() * 4) grow();
  uint64_t hash = hashOf(kind, field, value);
  Slot& slot = slotFor(slots_, hash);
  if (slot.hash != 0) return false;
  slot.hash = hash;
  pack(id, slot.high, slot.low);
  ++used_;
  return true;
}

KeyIndex::Slot& KeyIndex::slotOf(std::string_view kind, std::string_view field,
                                 std::string_view value) const {
  return slotFor(const_cast<std::vector<Slot>&>(slots_), hashOf(kind, field, value));
}

std::optional<std::string> KeyIndex::find(std::string_view kind, std::string_view field,
                                          std::string_view value) const {
  const Slot& slot = slotOf(kind, field, value);
  if (slot.hash == 0) return {};
  return unpack(slot.high, slot.low);
}

void KeyIndex::markHandedOn(std::string_view kind, std::string_view field, std::string_view value) {
  Slot& slot = slotOf(kind, field, value);
  if (slot.hash != 0) slot.hash |= kHandedOn;
}

bool KeyIndex::isHandedOn(std::string_view kind, std::string_view field,
                          std::string_view value) const {
  return (slotOf(kind, field, value).hash & kHandedOn) != 0;
}

}  // namespace tollgate::store
