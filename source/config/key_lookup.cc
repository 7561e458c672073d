#include "source/config/key_lookup.h"

#include <cstring>

#include "source/crypto/secret.h"

namespace tollgate::config {
namespace {

ShortHash::Key randomKey() {
  ShortHash::Key key;
  std::string bytes = crypto::randomBytes(sizeof key);
  std::memcpy(key.data(), bytes.data(), sizeof key);
  crypto::wipe(bytes);
  return key;
}

}  // namespace

KeyLookup::KeyLookup(std::shared_ptr<const store::Credentials> credentials, size_t slots)
    : credentials_(std::move(credentials)),
      hash_(randomKey()),
      mask_(std::bit_ceil(std::max(slots, kWays)) / kWays - 1),
      slots_((mask_ + 1) * kWays) {}

bool KeyLookup::recallDigest(Hash128 hash, crypto::Sha256& digest) const {
  for (Slot *slot = set(hash), *end = slot + kWays; slot != end; ++slot) {
    const uint64_t before = slot->sequence.load(std::memory_order_acquire);
    if (!slot->isOf(hash)) continue;
    uint64_t words[4];
    for (size_t w = 0; w < 4; ++w) words[w] = slot->digest[w].load(std::memory_order_acquire);
    if (!slot->unchangedSince(before)) continue;
    std::memcpy(digest.data(), words, sizeof words);
    return true;
  }
  return false;
}

void KeyLookup::remember(Hash128 hash, const crypto::Sha256& digest, uint64_t directory,
                         http::KeyOwner owner) const {
  // Its own slot, or the least often written one: free ones first, then in turn.
  Slot* slots = set(hash);
  Slot* chosen = nullptr;
  uint64_t number = 0;
  for (Slot* slot = slots; slot != slots + kWays; ++slot) {
    const uint64_t own = slot->sequence.load(std::memory_order_acquire);
    const bool same = own != 0 && slot->isOf(hash);
    // A worker that still runs an older configuration must not keep what newer ones have found.
    if (same && slot->directory.load(std::memory_order_acquire) > directory) return;
    if (same || chosen == nullptr || own < number) {
      chosen = slot;
      number = own;
    }
    if (same) break;
  }
  // Another worker writes it: let it.
  if ((number & 1) != 0 ||
      !chosen->sequence.compare_exchange_strong(number, number + 1, std::memory_order_acq_rel)) {
    return;
  }
  chosen->write(hash, digest, directory == kUnpublished ? 0 : directory, owner);
  chosen->sequence.store(number + 2, std::memory_order_release);
}

void KeyLookup::Slot::write(Hash128 hash, const crypto::Sha256& bytes, uint64_t number,
                            http::KeyOwner owner) {
  low.store(hash.low, std::memory_order_release);
  high.store(hash.high, std::memory_order_release);
  directory.store(number, std::memory_order_release);
  credential.store(owner.credential, std::memory_order_release);
  consumer.store(owner.consumer, std::memory_order_release);
  uint64_t words[4];
  std::memcpy(words, bytes.data(), sizeof words);
  for (size_t w = 0; w < 4; ++w) digest[w].store(words[w], std::memory_order_release);
}

}  // namespace tollgate::config
