#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"

/// Secrets at rest under one secret of the operator. Pure functions; any thread.
namespace tollgate::crypto {

/// HKDF-SHA256 (RFC 5869) without a salt: 32 bytes for one `purpose`.
std::string deriveKey(std::string_view secret, std::string_view purpose);

/// XChaCha20-Poly1305 under a key of 32 bytes. The nonce (24 bytes, random, before the ciphertext)
/// is long enough that no number of sealings needs counting.
Result<std::string> seal(std::string_view key, std::string_view plain, std::string_view context);
/// kInvalid unless `sealed` was made under this key and context, and is whole.
Result<std::string> unseal(std::string_view key, std::string_view sealed, std::string_view context);

}  // namespace tollgate::crypto
