#include "source/crypto/secret.h"

#include <openssl/mem.h>
#include <openssl/rand.h>

#include "source/base/uuid.h"
#include "source/crypto/boringssl.h"

namespace tollgate::crypto {

bool equalInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fillRandom(std::span<uint8_t> out) { RAND_bytes(out.data(), out.size()); }

std::string randomBytes(size_t count) {
  std::string out(count, '\0');
  RAND_bytes(bytesOf(out), out.size());
  return out;
}

std::string randomUuid() {
  uint8_t bytes[16];
  fillRandom(bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  return printUuid(bytes);
}

void wipe(std::string& text) {
  // A string may have been longer before.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string&& text) : text_(std::move(text)) {
  wipe(text);  // a short text was copied
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = std::move(other.text_);
  wipe(other.text_);
  return *this;
}

}  // namespace tollgate::crypto
