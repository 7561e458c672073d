#include "source/crypto/signature_scheme.h"

namespace tollgate::crypto {
namespace {

struct Description {
  SignatureScheme scheme;
  std::string_view jose;
  KeyType keyType;
  Hash hash;
};

/// In the order of the enumeration.
constexpr Description kDescriptions[] = {
    {SignatureScheme::kRsaPkcs1Sha256, "RS256", KeyType::kRsa, Hash::kSha256},
    {SignatureScheme::kRsaPkcs1Sha384, "RS384", KeyType::kRsa, Hash::kSha384},
    {SignatureScheme::kRsaPkcs1Sha512, "RS512", KeyType::kRsa, Hash::kSha512},
    {SignatureScheme::kRsaPssSha256, "PS256", KeyType::kRsa, Hash::kSha256},
    {SignatureScheme::kRsaPssSha384, "PS384", KeyType::kRsa, Hash::kSha384},
    {SignatureScheme::kRsaPssSha512, "PS512", KeyType::kRsa, Hash::kSha512},
    {SignatureScheme::kEcdsaP256Sha256, "ES256", KeyType::kEcP256, Hash::kSha256},
    {SignatureScheme::kEcdsaP384Sha384, "ES384", KeyType::kEcP384, Hash::kSha384},
    {SignatureScheme::kEcdsaP521Sha512, "ES512", KeyType::kEcP521, Hash::kSha512},
    {SignatureScheme::kEd25519, "EdDSA", KeyType::kEd25519, Hash::kSha512},
};

const Description& describe(SignatureScheme scheme) {
  return kDescriptions[static_cast<size_t>(scheme)];
}

constexpr bool inOrder() {
  for (size_t i = 0; i < std::size(kDescriptions); ++i) {
    if (static_cast<size_t>(kDescriptions[i].scheme) != i) return false;
  }
  return true;
}
static_assert(inOrder());

}  // namespace

std::optional<SignatureScheme> schemeOfJose(std::string_view alg) {
  for (const Description& description : kDescriptions) {
    if (description.jose == alg) return description.scheme;
  }
  return {};
}

KeyType keyTypeOf(SignatureScheme scheme) { return describe(scheme).keyType; }
Hash hashOf(SignatureScheme scheme) { return describe(scheme).hash; }

}  // namespace tollgate::crypto
