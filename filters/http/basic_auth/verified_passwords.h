#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/zeroed_array.h"
#include "source/crypto/digest.h"

namespace tollgate::filters::basic_auth {

/// Passwords that were found right a moment ago, so that a client who shows one with each request
/// has it hashed once in a while. A password is known by a keyed digest of it and of what is kept
/// of it: the key is made up when the process starts, and a changed password is another one. Wrong
/// ones are never remembered, so that guesses drive nothing out. Bounded: an entry takes the place
/// of the oldest of four. Any thread; never waits, allocates nothing.
class VerifiedPasswords {
 public:
  /// `entries` is rounded up; `lifeMillis` 0: nothing is remembered.
  VerifiedPasswords(size_t entries, int64_t lifeMillis);

  struct Tag {
    uint64_t low = 0, high = 0;
    bool operator==(const Tag&) const = default;
  };
  /// `stored`: what is kept of the password.
  Tag tagOf(std::string_view stored, std::string_view password, std::string_view consumerId) const;

  bool knows(Tag tag, int64_t nowMillis) const;
  void remember(Tag tag, int64_t nowMillis) const;

 private:
  static constexpr size_t kWays = 4;
  /// Written under an odd sequence number; a reader that saw the number change saw nothing.
  struct alignas(32) Slot {
    std::atomic<uint64_t> sequence{0};  ///< 0: free.
    std::atomic<uint64_t> low{0}, high{0};
    std::atomic<int64_t> until{0};
  };
  Slot* set(Tag tag) const { return &slots_[(tag.low & mask_) * kWays]; }

  crypto::HmacSha256 hmac_;
  int64_t life_;
  uint64_t mask_;
  ZeroedArray<Slot> slots_;
};

}  // namespace tollgate::filters::basic_auth
