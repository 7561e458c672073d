#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/crypto/digest.h"

namespace tollgate::crypto {

enum class KeyType : uint8_t {
  kRsa,
  kEcP256,
  kEcP384,
  kEcP521,
  kEd25519,
  kOther,  ///< Can be read, and neither signs nor verifies here.
};

/// How a signature is made, digest and curve included. Each binds the type of its key, so that
/// whoever sends a signature cannot choose what it is checked with.
enum class SignatureScheme : uint8_t {
  kRsaPkcs1Sha256,  ///< RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2)
  kRsaPkcs1Sha384,
  kRsaPkcs1Sha512,
  kRsaPssSha256,  ///< RSASSA-PSS (section 8.1), MGF1 with the same hash, a salt as long as it
  kRsaPssSha384,
  kRsaPssSha512,
  kEcdsaP256Sha256,
  kEcdsaP384Sha384,
  kEcdsaP521Sha512,
  kEd25519,  ///< RFC 8032, without a context
};

/// How the two numbers of an ECDSA signature are written. Means nothing to the other schemes.
enum class EcdsaForm : uint8_t {
  kRaw,  ///< r and s, each as long as the curve's order: JOSE (RFC 7518 section 3.4)
  kDer,  ///< A SEQUENCE (RFC 3279 section 2.2.3): TLS, X.509 and most tools
};

/// "RS256", "PS384", "ES512", "EdDSA" (RFC 7518 section 3.1, RFC 8037); nothing for any other name,
/// "none" and "HS256" among them.
std::optional<SignatureScheme> schemeOfJose(std::string_view alg);

KeyType keyTypeOf(SignatureScheme scheme);
/// Not of kEd25519, which digests as it signs.
Hash hashOf(SignatureScheme scheme);

}  // namespace tollgate::crypto
