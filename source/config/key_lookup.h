#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "source/base/short_hash.h"
#include "source/config/credentials.h"

namespace tollgate::config {

/// From the API key of a request to the digest under which it is known, fast for keys that recur: a
/// bounded table remembers digests by a keyed hash of the API key, which nobody outside gets to see,
/// under a random key of this process. No API key is kept. Shared by all workers and snapshots; never waits, allocates nothing.
class KeyLookup {
 public:
  /// A power of two; 64 bytes each.
  static constexpr size_t kSlots = 4096;
  static constexpr size_t kWays = 4;

  explicit KeyLookup(std::shared_ptr<const Credentials> credentials, size_t slots = kSlots);

  struct Probe {
    tls::Sha256 digest;
    Hash128 hash;
    bool remembered = false;
    std::string_view bytes() const {
      return {reinterpret_cast<const char*>(digest.data()), digest.size()};
    }
  };
  Probe probe(std::string_view key) const {
    Probe out;
    out.hash = hash_(key);
    out.remembered = recall(out.hash, out.digest);
    if (!out.remembered) out.digest = credentials_->lookupDigest(key);
    return out;
  }
  /// For keys that exist only, so that guesses drive nothing out.
  void remember(const Probe& probe) const;

  const Credentials& credentials() const { return *credentials_; }

 private:
  /// Written under an odd sequence number; a reader that saw the number change saw nothing.
  struct alignas(64) Slot {
    std::atomic<uint64_t> sequence{0};
    std::array<std::atomic<uint64_t>, 6> words{};  ///< Hash, digest.
  };

  Slot* set(Hash128 hash) const { return &slots_[(ShortHash::bucket(hash) & mask_) * kWays]; }
  bool recall(Hash128 hash, tls::Sha256& digest) const {
    for (Slot *slot = set(hash), *end = slot + kWays; slot != end; ++slot) {
      const uint64_t before = slot->sequence.load(std::memory_order_acquire);
      if (slot->words[0].load(std::memory_order_acquire) != hash.low) continue;
      if (slot->words[1].load(std::memory_order_acquire) != hash.high) continue;
      uint64_t words[4];
      for (size_t w = 0; w < 4; ++w) words[w] = slot->words[2 + w].load(std::memory_order_acquire);
      const uint64_t after = slot->sequence.load(std::memory_order_relaxed);
      // A free slot holds zeros under the number 0.
      if (before == 0 || (before & 1) != 0 || before != after) continue;
      std::memcpy(digest.data(), words, sizeof words);
      return true;
    }
    return false;
  }

  std::shared_ptr<const Credentials> credentials_;
  ShortHash hash_;
  uint64_t mask_;
  mutable std::vector<Slot> slots_;
};

}  // namespace tollgate::config
