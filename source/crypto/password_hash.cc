#include "source/crypto/password_hash.h"

#include <openssl/evp.h>
#include <openssl/hkdf.h>

#include "source/crypto/boringssl.h"
#include "source/crypto/evp_hash.h"

namespace tollgate::crypto {
namespace {

constexpr size_t kScryptBytes = 32;
constexpr size_t kPbkdf2MostBytes = 1024;

}  // namespace

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
  ErrorQueueCleaner cleaner;
  std::string out(kScryptBytes, '\0');
  // BoringSSL counts its working buffers in as well.
  const size_t room = static_cast<size_t>(cost.memoryBytes()) + (1 << 20);
  if (EVP_PBE_scrypt(password.data(), password.size(), bytesOf(salt), salt.size(),
                     uint64_t{1} << cost.logCost, static_cast<uint64_t>(cost.blockSize),
                     static_cast<uint64_t>(cost.parallel), room, bytesOf(out), out.size()) != 1) {
    return Error::internal("a password could not be hashed; is there memory left?");
  }
  return out;
}

Result<std::string> pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                           uint32_t iterations, size_t bytes) {
  if (iterations < 1 || iterations > kPbkdf2MostIterations || bytes < 1 ||
      bytes > kPbkdf2MostBytes) {
    return Error::invalid("the cost of a password hash is out of range");
  }
  ErrorQueueCleaner cleaner;
  std::string out(bytes, '\0');
  if (PKCS5_PBKDF2_HMAC(password.data(), password.size(), bytesOf(salt), salt.size(), iterations,
                        evpOf(hash), out.size(), bytesOf(out)) != 1) {
    return Error::internal("a password could not be hashed; is there memory left?");
  }
  return out;
}

Result<std::string> hkdf(Hash hash, std::string_view secret, std::string_view salt,
                         std::string_view info, size_t bytes) {
  ErrorQueueCleaner cleaner;
  std::string out(bytes, '\0');
  if (HKDF(bytesOf(out), out.size(), evpOf(hash), bytesOf(secret), secret.size(), bytesOf(salt),
           salt.size(), bytesOf(info), info.size()) != 1) {
    return Error::invalid("HKDF makes at most 255 digests");
  }
  return out;
}

}  // namespace tollgate::crypto
