#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "source/crypto/aead.h"

namespace tollgate::tls {

/// The keys that session tickets are sealed with: the newest seals, the newest two open. They exist
/// only in this process and change every kPeriodSeconds. All members may be called from any thread
/// at once and never wait: the first caller after the period makes the next key while the others go
/// on.
class TicketKeys {
 public:
  static constexpr int64_t kPeriodSeconds = 12 * 3600;
  static constexpr size_t kOverhead = crypto::Aead::kTagBytes + 12 + 16;  ///< Tag, nonce, key name.

  /// `now`: seconds of any clock that does not go back, the same in all calls.
  explicit TicketKeys(int64_t now);
  bool ok() const { return ok_; }

  /// Seals `in` to `out` (room for kOverhead more; may be the same memory).
  bool seal(int64_t now, std::span<uint8_t> out, size_t& length, std::span<const uint8_t> in);
  /// False if the ticket is not ours, too old or damaged.
  bool open(int64_t now, std::span<uint8_t> out, size_t& length, std::span<const uint8_t> in);

 private:
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kNameBytes = 16;

  void rotateIfDue(int64_t now);
  bool makeKey(uint64_t epoch);
  void nameOf(uint64_t epoch, uint8_t* name) const;

  // A key is overwritten two or three periods after it was last used, so no reader can still hold
  // it.
  crypto::Aead keys_[4];
  uint8_t instance_[8] = {};  ///< Tells our tickets from those of other processes.
  std::atomic<uint64_t> epoch_{1};
  std::atomic<int64_t> rotateAt_;
  std::atomic_flag rotating_;
  bool ok_;
};

}  // namespace tollgate::tls
