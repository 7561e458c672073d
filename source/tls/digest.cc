#include "source/tls/digest.h"

#include <openssl/aead.h>
#include <openssl/evp.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstring>

#include "source/tls/boringssl.h"

namespace tollgate::tls {
namespace {

constexpr size_t kNonceBytes = 24;
constexpr size_t kTagBytes = 16;
constexpr size_t kKeyBytes = 32;

const uint8_t* bytesOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
uint8_t* bytesOf(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

}  // namespace

Sha256 sha256(std::string_view text) {
  Sha256 out;
  SHA256(bytesOf(text), text.size(), out.data());
  return out;
}

std::string sha1Hex(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA1(bytesOf(text), text.size(), digest);
  std::string out;
  for (uint8_t byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

HmacSha256::HmacSha256(std::string_view key) {
  static_assert(sizeof(SHA256_CTX) <= sizeof(State));
  Sha256 shorter;
  if (key.size() > SHA256_CBLOCK) {
    shorter = sha256(key);
    key = {reinterpret_cast<const char*>(shorter.data()), shorter.size()};
  }
  uint8_t block[SHA256_CBLOCK];
  auto begin = [&](State& state, uint8_t pad) {
    std::memset(block, pad, sizeof block);
    for (size_t i = 0; i < key.size(); ++i) block[i] ^= bytesOf(key)[i];
    auto* context = new (state.bytes) SHA256_CTX;
    SHA256_Init(context);
    SHA256_Update(context, block, sizeof block);
  };
  begin(inner_, 0x36);
  begin(outer_, 0x5c);
  OPENSSL_cleanse(block, sizeof block);
}

Sha256 HmacSha256::operator()(std::string_view text) const {
  Sha256 out;
  SHA256_CTX context;
  std::memcpy(&context, inner_.bytes, sizeof context);
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(out.data(), &context);
  std::memcpy(&context, outer_.bytes, sizeof context);
  SHA256_Update(&context, out.data(), out.size());
  SHA256_Final(out.data(), &context);
  return out;
}

bool equalInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string randomBytes(size_t count) {
  std::string out(count, '\0');
  RAND_bytes(bytesOf(out), out.size());  // BoringSSL's aborts rather than fail
  return out;
}

std::string deriveKey(std::string_view secret, std::string_view purpose) {
  std::string out(kKeyBytes, '\0');
  HKDF(bytesOf(out), out.size(), EVP_sha256(), bytesOf(secret), secret.size(), nullptr, 0,
       bytesOf(purpose), purpose.size());
  return out;
}

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Result<std::string> scrypt(std::string_view password, std::string_view salt, ScryptCost cost,
                           uint64_t memoryLimitBytes) {
  if (cost.logCost < 1 || cost.logCost > 24 || cost.blockSize < 1 || cost.blockSize > 32 ||
      cost.parallel < 1 || cost.parallel > 16) {
    return Error::invalid("the cost of a password hash is out of range");
  }
  if (cost.memoryBytes() > memoryLimitBytes) {
    return Error::invalid("a password hash would need " + std::to_string(cost.memoryBytes() >> 20) +
                          " MiB of memory, more than the limit of " +
                          std::to_string(memoryLimitBytes >> 20) + " MiB");
  }
  std::string out(kKeyBytes, '\0');
  // BoringSSL counts its working buffers in as well.
  size_t room = static_cast<size_t>(cost.memoryBytes()) + (1 << 20);
  if (EVP_PBE_scrypt(password.data(), password.size(), bytesOf(salt), salt.size(),
                     uint64_t{1} << cost.logCost, static_cast<uint64_t>(cost.blockSize),
                     static_cast<uint64_t>(cost.parallel), room, bytesOf(out), out.size()) != 1) {
    ERR_clear_error();
    return Error::internal("a password could not be hashed; is there memory left?");
  }
  return out;
}

Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context) {
  bssl::ScopedEVP_AEAD_CTX aead;
  std::string out = randomBytes(kNonceBytes);
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  size_t written = 0;
  if (!EVP_AEAD_CTX_init(aead.get(), EVP_aead_xchacha20_poly1305(), bytesOf(key), key.size(),
                         kTagBytes, nullptr) ||
      !EVP_AEAD_CTX_seal(aead.get(), bytesOf(out) + kNonceBytes, &written, out.size() - kNonceBytes,
                         bytesOf(out), kNonceBytes, bytesOf(plain), plain.size(), bytesOf(context),
                         context.size())) {
    ERR_clear_error();
    return Error::internal("a secret could not be sealed");
  }
  return out;
}

Result<std::string> unseal(std::string_view key, std::string_view sealed,
                           std::string_view context) {
  if (sealed.size() < kNonceBytes + kTagBytes) return Error::invalid("is cut off");
  bssl::ScopedEVP_AEAD_CTX aead;
  std::string out(sealed.size() - kNonceBytes, '\0');
  size_t written = 0;
  if (!EVP_AEAD_CTX_init(aead.get(), EVP_aead_xchacha20_poly1305(), bytesOf(key), key.size(),
                         kTagBytes, nullptr) ||
      !EVP_AEAD_CTX_open(aead.get(), bytesOf(out), &written, out.size(), bytesOf(sealed),
                         kNonceBytes, bytesOf(sealed) + kNonceBytes, sealed.size() - kNonceBytes,
                         bytesOf(context), context.size())) {
    ERR_clear_error();
    return Error::invalid("is damaged, or was sealed for another field or under another secret");
  }
  out.resize(written);
  return out;
}

}  // namespace tollgate::tls
