#include "filters/http/basic_auth/verified_passwords.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "source/crypto/secret.h"

namespace tollgate::filters::basic_auth {

VerifiedPasswords::VerifiedPasswords(size_t entries, int64_t lifeMillis)
    : hmac_(crypto::randomBytes(32)),
      life_(lifeMillis),
      mask_(std::bit_ceil(std::max(entries, kWays)) / kWays - 1),
      slots_((mask_ + 1) * kWays) {}

VerifiedPasswords::Tag VerifiedPasswords::tagOf(std::string_view stored, std::string_view password,
                                                std::string_view consumerId) const {
  // Each part by its digest, so that no two ways to put them together give the same text.
  char parts[3 * sizeof(crypto::Sha256)];
  char* at = parts;
  for (std::string_view part : {stored, password, consumerId}) {
    const crypto::Sha256 digest = crypto::sha256(part);
    std::memcpy(at, digest.data(), digest.size());
    at += digest.size();
  }
  const crypto::Sha256 digest = hmac_({parts, sizeof parts});
  Tag out;
  std::memcpy(&out.low, digest.data(), sizeof out.low);
  std::memcpy(&out.high, digest.data() + sizeof out.low, sizeof out.high);
  return out;
}

bool VerifiedPasswords::knows(Tag tag, int64_t nowMillis) const {
  for (Slot *slot = set(tag), *end = slot + kWays; slot != end; ++slot) {
    const uint64_t before = slot->sequence.load(std::memory_order_acquire);
    if (before == 0 || (before & 1) != 0) continue;
    const Tag found{slot->low.load(std::memory_order_acquire),
                    slot->high.load(std::memory_order_acquire)};
    const int64_t until = slot->until.load(std::memory_order_acquire);
    if (slot->sequence.load(std::memory_order_relaxed) != before) continue;
    if (found == tag) return nowMillis < until;
  }
  return false;
}

void VerifiedPasswords::remember(Tag tag, int64_t nowMillis) const {
  if (life_ <= 0) return;
  Slot* chosen = nullptr;
  int64_t oldest = 0;
  for (Slot *slot = set(tag), *end = slot + kWays; slot != end; ++slot) {
    const int64_t until = slot->until.load(std::memory_order_relaxed);
    const bool same = slot->low.load(std::memory_order_relaxed) == tag.low &&
                      slot->high.load(std::memory_order_relaxed) == tag.high;
    if (same || chosen == nullptr || until < oldest) {
      chosen = slot;
      oldest = until;
    }
    if (same) break;
  }
  uint64_t number = chosen->sequence.load(std::memory_order_acquire);
  // Another worker writes it: let it.
  if ((number & 1) != 0 ||
      !chosen->sequence.compare_exchange_strong(number, number + 1, std::memory_order_acq_rel)) {
    return;
  }
  chosen->low.store(tag.low, std::memory_order_release);
  chosen->high.store(tag.high, std::memory_order_release);
  chosen->until.store(nowMillis + life_, std::memory_order_release);
  chosen->sequence.store(number + 2, std::memory_order_release);
}

}  // namespace tollgate::filters::basic_auth
