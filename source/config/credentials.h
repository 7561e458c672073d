#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/store/sealed/credential_crypto.h"
#include "source/store/sealed/stored_form.h"
#include "source/tls/digest.h"

namespace tollgate::config {

/// The cluster's secret and all that is made with it. A key's digest is
/// HMAC-SHA256(secret, SHA-256(key)), so that one made without a secret, SHA-256(key), can be
/// strengthened later without the key. Immutable; any thread. Keeps derived keys, not the secret.
class Credentials final : public store::CredentialCrypto {
 public:
  struct Options {
    /// Of new password hashes. The default takes 16 MiB and some 50 ms.
    tls::ScryptCost passwordCost;
    /// A stored hash that would take more is refused instead of computed.
    uint64_t passwordMemoryLimit = 64 << 20;
  };
  /// `secret` "": none, digests are not keyed and nothing can be sealed.
  explicit Credentials(std::string_view secret) : Credentials(secret, Options()) {}
  Credentials(std::string_view secret, Options options);

  // store::CredentialCrypto
  const std::string& secretId() const override { return secretId_; }
  std::string digest(std::string_view key) const override;
  std::string plainDigest(std::string_view key) const override;
  std::string strengthened(std::string_view plainDigestForm) const override;
  Result<std::string> hashPassword(std::string_view password) const override;
  Result<std::string> hashSha1(std::string_view hex) const override;
  std::string sha1OfPassword(std::string_view password, std::string_view consumerId) const override;
  bool verifyPassword(std::string_view stored, std::string_view password,
                      std::string_view consumerId) const override;
  bool verifySha1(std::string_view stored, std::string_view hex) const override;
  Result<std::string> seal(std::string_view text, std::string_view context) const override;
  Result<std::string> open(std::string_view sealedForm, std::string_view context) const override;

  /// The bytes by which a key is found. Allocates nothing.
  tls::Sha256 lookupDigest(std::string_view key) const;
  /// The same bytes from what a store keeps of the key: a digest, or the key itself. Nothing where
  /// they cannot be told: a digest under another secret.
  std::optional<tls::Sha256> lookupDigestOf(std::string_view stored) const;

 private:
  tls::Sha256 keyed(const tls::Sha256& digest) const;
  Result<std::string> slowHash(std::string_view text, bool sha1) const;
  bool slowEqual(const store::StoredForm& form, std::string_view text) const;

  Options options_;
  std::string secretId_, sealKey_;
  std::optional<tls::HmacSha256> hmac_;
};

}  // namespace tollgate::config
