#include "source/crypto/key_access.h"

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>

#include "source/crypto/public_key.h"

namespace tollgate::crypto {

KeyType typeOf(const EVP_PKEY* key) {
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      return KeyType::kRsa;
    case EVP_PKEY_ED25519:
      return KeyType::kEd25519;
    case EVP_PKEY_EC:
      break;
    default:
      return KeyType::kOther;
  }
  const EC_GROUP* group = EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key));
  switch (group == nullptr ? NID_undef : EC_GROUP_get_curve_name(group)) {
    case NID_X9_62_prime256v1:
      return KeyType::kEcP256;
    case NID_secp384r1:
      return KeyType::kEcP384;
    case NID_secp521r1:
      return KeyType::kEcP521;
    default:
      return KeyType::kOther;
  }
}

bool suits(const EVP_PKEY* key, SignatureScheme scheme) {
  if (typeOf(key) != keyTypeOf(scheme)) return false;
  const int bits = EVP_PKEY_bits(key);
  return EVP_PKEY_id(key) != EVP_PKEY_RSA ||
         (bits >= PublicKey::kLeastRsaBits && bits <= PublicKey::kMostRsaBits);
}

int nidOf(KeyType curve) {
  switch (curve) {
    case KeyType::kEcP256:
      return NID_X9_62_prime256v1;
    case KeyType::kEcP384:
      return NID_secp384r1;
    case KeyType::kEcP521:
      return NID_secp521r1;
    default:
      return NID_undef;
  }
}

size_t coordinateBytesOf(KeyType curve) {
  switch (curve) {
    case KeyType::kEcP256:
      return 32;
    case KeyType::kEcP384:
      return 48;
    case KeyType::kEcP521:
      return 66;
    default:
      return 0;
  }
}

}  // namespace tollgate::crypto
