#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/digest.h"
#include "source/crypto/password_hash.h"
#include "source/crypto/secret.h"
#include "source/store/sealed/stored_form.h"

namespace tollgate::store {

/// The cluster's secret and all that is made with it. A key's digest is
/// HMAC-SHA256(secret, SHA-256(key)), so that one made without a secret, SHA-256(key), can be
/// strengthened later without the key. All texts that are returned, but opened secrets, are stored
/// forms. Immutable; any thread. Keeps derived keys, not the secret.
class Credentials {
 public:
  struct Options {
    /// Of new password hashes. The default takes 16 MiB and some 50 ms.
    crypto::ScryptCost passwordCost;
    /// A stored hash that would take more is refused instead of computed.
    uint64_t passwordMemoryLimit = 64 << 20;
  };
  /// `secret` "": none, digests are not keyed and nothing can be sealed.
  explicit Credentials(std::string_view secret) : Credentials(secret, Options()) {}
  Credentials(std::string_view secret, Options options);

  /// Names the secret without telling it: 16 hexadecimal digits; "" where there is no secret.
  const std::string& secretId() const { return secretId_; }

  /// Of an API key: keyed where there is a secret, else not.
  std::string digest(std::string_view key) const;
  /// Of an API key, as a store without a secret has it.
  std::string plainDigest(std::string_view key) const;
  /// The form that digest() gives for the same key, from the one that plainDigest() gave.
  std::string strengthened(std::string_view plainDigestForm) const;

  /// Takes some ten milliseconds and as many megabytes.
  Result<std::string> hashPassword(std::string_view password) const;
  /// Of a password of which only Kong's form (hexadecimal SHA-1) is known.
  Result<std::string> hashSha1(std::string_view hex) const;
  /// Kong's form, which is no stored form of ours.
  std::string sha1OfPassword(std::string_view password, std::string_view consumerId) const;
  /// Whether `password` is the one that `stored` (any form, Kong's too) was made of; compared in
  /// constant time. Takes as long as hashPassword().
  bool verifyPassword(std::string_view stored, std::string_view password,
                      std::string_view consumerId) const;
  /// The same of a password of which only Kong's form is known. Not for what a client sends.
  bool verifySha1(std::string_view stored, std::string_view hex) const;

  /// Seals for one `context` (the field's name); plain where there is no secret.
  Result<std::string> seal(std::string_view text, std::string_view context) const;
  /// kConflict where the text was sealed under another secret, kInvalid where it is damaged.
  Result<std::string> open(std::string_view sealedForm, std::string_view context) const;

  /// The bytes by which a key is found. Allocates nothing.
  crypto::Sha256 lookupDigest(std::string_view key) const;
  /// The same bytes from what a store keeps of the key: a digest, or the key itself. Nothing where
  /// they cannot be told: a digest under another secret.
  std::optional<crypto::Sha256> lookupDigestOf(std::string_view stored) const;

 private:
  crypto::Sha256 keyed(const crypto::Sha256& digest) const;
  Result<std::string> slowHash(std::string_view text, bool sha1) const;
  bool slowEqual(const StoredForm& form, std::string_view text) const;

  Options options_;
  std::string secretId_;
  crypto::Secret sealKey_;
  std::optional<crypto::HmacSha256> hmac_;
};

}  // namespace tollgate::store
