#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The texts that stand in a database instead of secrets. They say how they were made, so that a
/// reader needs nothing else but the secret, and an import can tell them from what a person typed.
namespace tollgate::store {

/// Every stored form begins so; a client's value must not.
constexpr std::string_view kStoredFormMark = "$tollgate$";

/// One stored form, taken apart: "$tollgate$<scheme>[$<part>]…".
struct StoredForm {
  enum class Scheme {
    kKeyedDigest,   ///< hmac-sha256$<secret id>$<digest>: of a key, see Credentials.
    kPlainDigest,   ///< sha256$<digest>: of a key, where there is no secret.
    kPassword,      ///< scrypt$<log2 N>,<r>,<p>$<salt>$<hash>
    kSha1Password,  ///< scrypt-sha1$…: the password of the hash is Kong's stored form.
    kSha1,          ///< sha1$<hex>: Kong's stored form on its way in; never kept.
    kSealed,        ///< xchacha20-poly1305$<secret id>$<nonce, ciphertext, tag>
  };
  Scheme scheme = Scheme::kPlainDigest;
  std::string secretId;                          ///< kKeyedDigest, kSealed
  int logCost = 0, blockSize = 0, parallel = 0;  ///< kPassword, kSha1Password
  std::string salt;
  std::string value;  ///< Digest, hash, sealed bytes; kSha1: the hexadecimal text.

  /// Nothing where `text` is no stored form that this version knows.
  static std::optional<StoredForm> parse(std::string_view text);
  std::string print() const;
};

/// Cheaper than parsing: whether a value claims to be a stored form.
inline bool hasStoredFormMark(std::string_view text) { return text.starts_with(kStoredFormMark); }

/// What stands for a password of which only Kong's stored form is known (40 hexadecimal digits).
std::string sha1Form(std::string_view hex);

}  // namespace tollgate::store
