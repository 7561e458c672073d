#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/public_key.h"
#include "source/crypto/secret.h"

namespace tollgate::crypto {

/// A key that signs. A value whose copies share the key, which is wiped with the last of them;
/// immutable, any thread. Errors of the functions that read one are kInvalid and say what is wrong
/// with the text, never what it holds.
class PrivateKey {
 public:
  /// The first private key of a text: "PRIVATE KEY" (PKCS#8), "RSA PRIVATE KEY" (PKCS#1) or "EC
  /// PRIVATE KEY" (SEC 1), without a passphrase.
  static Result<PrivateKey> fromPem(std::string_view pem);
  /// PKCS#8, PKCS#1 or SEC 1, and nothing behind it.
  static Result<PrivateKey> fromDer(std::string_view der);
  /// A new one; of RSA it has 2048 bits and takes some 100 ms.
  static Result<PrivateKey> generate(KeyType type);

  /// Shares a key of BoringSSL's; for this folder and source/tls.
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  evp_pkey_st* handle() const { return key_.get(); }

  KeyType type() const;
  int bits() const;
  bool suits(SignatureScheme scheme) const;

  /// kInvalid where the key does not suit the scheme. RSA takes some milliseconds, the others
  /// less than one.
  Result<std::string> sign(SignatureScheme scheme, std::string_view message,
                           EcdsaForm form = EcdsaForm::kRaw) const;

  PublicKey publicKey() const;
  /// PKCS#8 in PEM, without a passphrase.
  Result<Secret> pem() const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace tollgate::crypto
