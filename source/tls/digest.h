#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/result.h"

/// Digests, key derivation and sealing for secrets at rest. Nothing here keeps its input. Pure
/// functions and immutable objects; any thread.
namespace tollgate::tls {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view text);
/// Lower-case hexadecimal. Only for what other programs demand.
std::string sha1Hex(std::string_view text);

/// HMAC-SHA256 (RFC 2104) with one key, whose two blocks are digested once and for all. Allocates
/// nothing.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  Sha256 operator()(std::string_view text) const;

 private:
  /// Room for BoringSSL's state; its type is known to this folder only.
  struct State {
    alignas(8) unsigned char bytes[128];
  };
  State inner_, outer_;
};

/// Takes the same time whatever the bytes; texts of different lengths differ at once.
bool equalInConstantTime(std::string_view a, std::string_view b);
/// From the system's generator.
std::string randomBytes(size_t count);
/// HKDF-SHA256 (RFC 5869) without a salt: 32 bytes for one `purpose`.
std::string deriveKey(std::string_view secret, std::string_view purpose);
/// Overwrites the text, which the compiler would leave out as useless.
void wipe(std::string& text);

/// Cost of scrypt (RFC 7914): time and memory (1 KiB << logCost with r = 8) double with each step.
struct ScryptCost {
  int logCost = 14;  ///< N = 2^logCost
  int blockSize = 8, parallel = 1;
  uint64_t memoryBytes() const { return uint64_t{128} * static_cast<uint64_t>(blockSize) << logCost; }
};
/// 32 bytes. kInvalid where the cost is out of range or needs more than `memoryLimitBytes`.
Result<std::string> scrypt(std::string_view password, std::string_view salt, ScryptCost cost,
                           uint64_t memoryLimitBytes);

/// XChaCha20-Poly1305 under a key of 32 bytes. The nonce (24 bytes, random, before the ciphertext)
/// is long enough that no number of sealings needs counting.
Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context);
/// kInvalid unless `sealed` was made under this key and context, and is whole.
Result<std::string> unseal(std::string_view key, std::string_view sealed, std::string_view context);

}  // namespace tollgate::tls
