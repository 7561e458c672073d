#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "source/base/result.h"

struct evp_aead_ctx_st;

namespace tollgate::crypto {

enum class Cipher : uint8_t { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305, kXChaCha20Poly1305 };

/// Authenticated encryption with additional data (RFC 5116) under one key. A nonce must not be used
/// twice with one key. The tag follows the ciphertext. Immutable; any thread. The key is wiped with
/// the object.
class Aead {
 public:
  static constexpr size_t kTagBytes = 16;
  static size_t keyBytes(Cipher cipher);
  static size_t nonceBytes(Cipher cipher);

  /// Holds no key, so that seal() and open() fail.
  Aead() = default;
  /// kInvalid for a key of another length.
  static Result<Aead> make(Cipher cipher, std::string_view key);

  /// kInvalid for a nonce of another length.
  Result<std::string> seal(std::string_view nonce, std::string_view plain,
                           std::string_view additional) const;
  /// kInvalid where the bytes are not those that were sealed under this key, nonce and additional
  /// data; which of these is wrong cannot be told.
  Result<std::string> open(std::string_view nonce, std::string_view sealed,
                           std::string_view additional) const;

  /// The same without allocating: `out` needs room for kTagBytes more than `in` when sealing, for
  /// as many when opening, and may begin where `in` does. False where the calls above err.
  bool seal(std::span<uint8_t> out, size_t& length, std::span<const uint8_t> nonce,
            std::span<const uint8_t> in, std::span<const uint8_t> additional) const;
  bool open(std::span<uint8_t> out, size_t& length, std::span<const uint8_t> nonce,
            std::span<const uint8_t> in, std::span<const uint8_t> additional) const;

 private:
  struct Free {
    void operator()(evp_aead_ctx_st* context) const;
  };
  std::unique_ptr<evp_aead_ctx_st, Free> context_;
};

}  // namespace tollgate::crypto
