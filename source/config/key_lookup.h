#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>

#include "source/base/short_hash.h"
#include "source/base/zeroed_array.h"
#include "source/http/filter.h"
#include "source/store/sealed/credentials.h"

namespace tollgate::config {

/// What is known of the API keys of requests, fast for keys that recur: a bounded table remembers,
/// by a keyed hash of the API key that nobody outside gets to see, whom the key belongs to in one
/// directory, and the digest under which any directory knows it. No API key is kept. Shared by all
/// workers and snapshots; never waits, allocates nothing.
class KeyLookup {
 public:
  /// A power of two; 128 bytes each.
  static constexpr size_t kSlots = 4096;
  static constexpr size_t kWays = 4;
  /// The number of no published directory: owners in it are not remembered.
  static constexpr uint64_t kUnpublished = UINT64_MAX;

  explicit KeyLookup(std::shared_ptr<const store::Credentials> credentials, size_t slots = kSlots);

  Hash128 hashOf(std::string_view key) const { return hash_(key); }

  /// Whom the key belongs to in the directory of that number, which the caller holds. False if that
  /// is not remembered.
  bool recallOwner(Hash128 hash, uint64_t directory, http::KeyOwner& owner) const {
    for (Slot *slot = set(hash), *end = slot + kWays; slot != end; ++slot) {
      const uint64_t before = slot->sequence.load(std::memory_order_acquire);
      if (!slot->isOf(hash)) continue;
      if (slot->directory.load(std::memory_order_acquire) != directory) return false;
      const auto* credential = slot->credential.load(std::memory_order_acquire);
      const auto* consumer = slot->consumer.load(std::memory_order_acquire);
      if (!slot->unchangedSince(before)) return false;
      owner = {credential, consumer};
      return true;
    }
    return false;
  }
  /// False if the digest is not remembered.
  bool recallDigest(Hash128 hash, crypto::Sha256& digest) const;
  /// For keys that exist only, so that guesses drive nothing out. `directory`: where `owner` was
  /// found, or kUnpublished.
  void remember(Hash128 hash, const crypto::Sha256& digest, uint64_t directory,
                http::KeyOwner owner) const;

  const store::Credentials& credentials() const { return *credentials_; }

 private:
  /// Written under an odd sequence number; a reader that saw the number change saw nothing. Hash
  /// and owner share a cache line.
  struct alignas(128) Slot {
    std::atomic<uint64_t> sequence{0};
    std::atomic<uint64_t> low{0}, high{0};
    std::atomic<uint64_t> directory{0};
    std::atomic<const http::KeyCredential*> credential{nullptr};
    std::atomic<const http::Consumer*> consumer{nullptr};
    alignas(64) std::array<std::atomic<uint64_t>, 4> digest{};

    bool isOf(Hash128 hash) const {
      return low.load(std::memory_order_acquire) == hash.low &&
             high.load(std::memory_order_acquire) == hash.high;
    }
    /// A free slot has the number 0.
    bool unchangedSince(uint64_t before) const {
      return before != 0 && (before & 1) == 0 && sequence.load(std::memory_order_relaxed) == before;
    }
    void write(Hash128 hash, const crypto::Sha256& bytes, uint64_t number, http::KeyOwner owner);
  };

  Slot* set(Hash128 hash) const { return &slots_[(ShortHash::bucket(hash) & mask_) * kWays]; }

  std::shared_ptr<const store::Credentials> credentials_;
  ShortHash hash_;
  uint64_t mask_;
  ZeroedArray<Slot> slots_;
};

}  // namespace tollgate::config
