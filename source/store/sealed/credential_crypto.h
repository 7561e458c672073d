#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"

namespace tollgate::store {

/// The cryptography behind the stored forms; the store knows no library for it. All texts that are
/// returned, but opened secrets, are stored forms. Immutable; any thread.
class CredentialCrypto {
 public:
  virtual ~CredentialCrypto() = default;

  /// Names the secret without telling it: 16 hexadecimal digits; "" where there is no secret.
  virtual const std::string& secretId() const = 0;

  /// Of an API key: keyed where there is a secret, else not.
  virtual std::string digest(std::string_view key) const = 0;
  /// Of an API key, as a store without a secret has it.
  virtual std::string plainDigest(std::string_view key) const = 0;
  /// The form that digest() gives for the same key, from the one that plainDigest() gave.
  virtual std::string strengthened(std::string_view plainDigestForm) const = 0;

  /// Takes some ten milliseconds and as many megabytes.
  virtual Result<std::string> hashPassword(std::string_view password) const = 0;
  /// Of a password of which only Kong's form (hexadecimal SHA-1) is known.
  virtual Result<std::string> hashSha1(std::string_view hex) const = 0;
  /// Kong's form, which is no stored form of ours.
  virtual std::string sha1OfPassword(std::string_view password,
                                     std::string_view consumerId) const = 0;
  /// Whether `password` is the one that `stored` (any form, Kong's too) was made of; compared in
  /// constant time. Takes as long as hashPassword().
  virtual bool verifyPassword(std::string_view stored, std::string_view password,
                              std::string_view consumerId) const = 0;
  /// The same of a password of which only Kong's form is known. Not for what a client sends.
  virtual bool verifySha1(std::string_view stored, std::string_view hex) const = 0;

  /// Seals for one `context` (the field's name); plain where there is no secret.
  virtual Result<std::string> seal(std::string_view text, std::string_view context) const = 0;
  /// kConflict where the text was sealed under another secret, kInvalid where it is damaged.
  virtual Result<std::string> open(std::string_view sealedForm, std::string_view context) const = 0;
};

}  // namespace tollgate::store
