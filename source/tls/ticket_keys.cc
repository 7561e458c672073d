#include "source/tls/ticket_keys.h"

#include <cstring>

#include "source/crypto/secret.h"

namespace tollgate::tls {

TicketKeys::TicketKeys(int64_t now) : rotateAt_(now + kPeriodSeconds) {
  crypto::fillRandom(instance_);
  ok_ = makeKey(0) && makeKey(1);
}

bool TicketKeys::makeKey(uint64_t epoch) {
  constexpr auto kCipher = crypto::Cipher::kAes128Gcm;
  const crypto::Secret secret(crypto::randomBytes(crypto::Aead::keyBytes(kCipher)));
  auto key = crypto::Aead::make(kCipher, secret.view());
  if (key) keys_[epoch % 4] = std::move(key).value();
  return key.ok();
}

void TicketKeys::nameOf(uint64_t epoch, uint8_t* name) const {
  std::memcpy(name, instance_, sizeof instance_);
  std::memcpy(name + sizeof instance_, &epoch, sizeof epoch);
}

void TicketKeys::rotateIfDue(int64_t now) {
  if (now < rotateAt_.load(std::memory_order_acquire)) return;
  if (rotating_.test_and_set(std::memory_order_acquire)) return;
  int64_t due = rotateAt_.load(std::memory_order_relaxed);
  if (now >= due) {
    uint64_t epoch = epoch_.load(std::memory_order_relaxed);
    // After a whole period without a caller the previous key is too old as well.
    uint64_t steps = now >= due + kPeriodSeconds ? 2 : 1;
    bool made = true;
    for (uint64_t i = 1; i <= steps; ++i) made = made && makeKey(epoch + i);
    if (made) epoch_.store(epoch + steps, std::memory_order_release);
    rotateAt_.store(now + kPeriodSeconds, std::memory_order_release);
  }
  rotating_.clear(std::memory_order_release);
}

bool TicketKeys::seal(int64_t now, std::span<uint8_t> out, size_t& length,
                      std::span<const uint8_t> in) {
  rotateIfDue(now);
  if (out.size() < in.size() + kOverhead) return false;
  uint64_t epoch = epoch_.load(std::memory_order_acquire);
  uint8_t nonce[kNonceBytes], name[kNameBytes];
  crypto::fillRandom(nonce);
  nameOf(epoch, name);
  size_t sealed = 0;
  if (!keys_[epoch % 4].seal(out, sealed, nonce, in, name)) return false;
  std::memcpy(out.data() + sealed, nonce, sizeof nonce);
  std::memcpy(out.data() + sealed + sizeof nonce, name, sizeof name);
  length = sealed + sizeof nonce + sizeof name;
  return true;
}

bool TicketKeys::open(int64_t now, std::span<uint8_t> out, size_t& length,
                      std::span<const uint8_t> in) {
  rotateIfDue(now);
  if (in.size() < kOverhead) return false;
  uint64_t newest = epoch_.load(std::memory_order_acquire);
  uint8_t nonce[kNonceBytes], name[kNameBytes], expected[kNameBytes];
  size_t sealed = in.size() - kNonceBytes - kNameBytes;
  std::memcpy(nonce, in.data() + sealed, sizeof nonce);
  std::memcpy(name, in.data() + sealed + sizeof nonce, sizeof name);
  for (uint64_t epoch : {newest, newest - 1}) {
    nameOf(epoch, expected);
    if (std::memcmp(name, expected, sizeof name) != 0) continue;
    return keys_[epoch % 4].open(out, length, nonce, in.first(sealed), name);
  }
  return false;
}

}  // namespace tollgate::tls
