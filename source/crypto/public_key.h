#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/crypto/signature_scheme.h"

struct evp_pkey_st;

namespace tollgate::crypto {

/// The members of a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037) that make up a public
/// key, as they stand there: numbers in base64url. Those of other key types are not looked at.
struct JwkMembers {
  std::string_view kty;   ///< "RSA", "EC", "OKP"
  std::string_view crv;   ///< EC: "P-256", "P-384", "P-521"; OKP: "Ed25519"
  std::string_view n, e;  ///< RSA
  std::string_view x, y;  ///< EC both, OKP `x`
};

/// A key that verifies signatures. A value whose copies share the key; immutable, any thread.
/// Errors of the functions that read one are kInvalid and say what is wrong with the text, never
/// what it holds.
class PublicKey {
 public:
  /// RSA keys outside of these are read and verify nothing: shorter ones can be broken, and longer
  /// ones take a worker's time.
  static constexpr int kLeastRsaBits = 1024, kMostRsaBits = 8192;

  /// The first block "PUBLIC KEY" (SubjectPublicKeyInfo) or "RSA PUBLIC KEY" (PKCS#1) of a text.
  static Result<PublicKey> fromPem(std::string_view pem);
  /// A SubjectPublicKeyInfo (RFC 5280 section 4.1) and nothing behind it.
  static Result<PublicKey> fromDer(std::string_view der);
  /// Numbers of a JWK. Also kInvalid for a point off its curve and for an RSA key that could not
  /// verify.
  static Result<PublicKey> fromJwk(const JwkMembers& members);
  /// Modulus and exponent, the highest byte first.
  static Result<PublicKey> fromRsaNumbers(std::string_view n, std::string_view e);
  /// Coordinates of a point of an elliptic curve, each exactly as long as the field's elements.
  static Result<PublicKey> fromEcPoint(KeyType curve, std::string_view x, std::string_view y);
  /// The 32 bytes of RFC 8032.
  static Result<PublicKey> fromEd25519(std::string_view bytes);

  /// Shares a key of BoringSSL's; for this folder and source/tls.
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  evp_pkey_st* handle() const { return key_.get(); }

  KeyType type() const;
  int bits() const;
  /// Whether signatures of that kind are of this type of key.
  bool suits(SignatureScheme scheme) const;

  /// False for any signature that is not this key's over `message`, whatever is wrong with it.
  bool verify(SignatureScheme scheme, std::string_view message, std::string_view signature,
              EcdsaForm form = EcdsaForm::kRaw) const;

  /// SubjectPublicKeyInfo.
  std::string der() const;
  bool operator==(const PublicKey& other) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace tollgate::crypto
