#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/digest.h"

/// Functions that make a guess at a password expensive, and those that make keys of a secret. Pure
/// functions; any thread, but never a worker's: all but hkdf() take milliseconds or more.
namespace tollgate::crypto {

/// Cost of scrypt (RFC 7914): time and memory (1 KiB << logCost with r = 8) double with each step.
struct ScryptCost {
  int logCost = 14;  ///< N = 2^logCost, 1 to 24
  int blockSize = 8, parallel = 1;
  uint64_t memoryBytes() const {
    return uint64_t{128} * static_cast<uint64_t>(blockSize) << logCost;
  }
};
/// 32 bytes. kInvalid where the cost is out of range or needs more than `memoryLimitBytes`.
Result<std::string> scrypt(std::string_view password, std::string_view salt, ScryptCost cost,
                           uint64_t memoryLimitBytes);

/// PBKDF2 with HMAC (RFC 8018 section 5.2). kInvalid unless there is at least one iteration, and at
/// most kPbkdf2MostIterations; `bytes` is 1 to 1024.
constexpr uint32_t kPbkdf2MostIterations = 10'000'000;
Result<std::string> pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                           uint32_t iterations, size_t bytes);

/// HKDF (RFC 5869). kInvalid for more than 255 digests.
Result<std::string> hkdf(Hash hash, std::string_view secret, std::string_view salt,
                         std::string_view info, size_t bytes);

}  // namespace tollgate::crypto
