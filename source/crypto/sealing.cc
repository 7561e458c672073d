#include "source/crypto/sealing.h"

#include "source/crypto/aead.h"
#include "source/crypto/password_hash.h"
#include "source/crypto/secret.h"

namespace tollgate::crypto {
namespace {

constexpr Cipher kCipher = Cipher::kXChaCha20Poly1305;
constexpr size_t kNonceBytes = 24;
constexpr size_t kKeyBytes = 32;

}  // namespace

std::string deriveKey(std::string_view secret, std::string_view purpose) {
  return hkdf(Hash::kSha256, secret, "", purpose, kKeyBytes).value();
}

Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context) {
  auto aead = Aead::make(kCipher, key);
  if (!aead) return std::move(aead).error();
  std::string out = randomBytes(kNonceBytes);
  auto sealed = aead->seal(out, plain, context);
  if (!sealed) return Error::internal("a secret could not be sealed");
  return out += *sealed;
}

Result<std::string> unseal(std::string_view key, std::string_view sealed,
                           std::string_view context) {
  if (sealed.size() < kNonceBytes + Aead::kTagBytes) return Error::invalid("is cut off");
  auto aead = Aead::make(kCipher, key);
  if (!aead) return std::move(aead).error();
  auto out = aead->open(sealed.substr(0, kNonceBytes), sealed.substr(kNonceBytes), context);
  if (!out) {
    return Error::invalid("is damaged, or was sealed for another field or under another secret");
  }
  return out;
}

}  // namespace tollgate::crypto
