#pragma once

#include <openssl/evp.h>

#include "source/crypto/signature_scheme.h"

// For files of this folder only: what public and private keys of BoringSSL have in common.
namespace tollgate::crypto {

KeyType typeOf(const EVP_PKEY* key);
/// Type and, for RSA, length.
bool suits(const EVP_PKEY* key, SignatureScheme scheme);
/// BoringSSL's number of a curve; NID_undef of other key types.
int nidOf(KeyType curve);
/// Of one coordinate of a point, which is also that of each number of a signature; 0 of other key
/// types.
size_t coordinateBytesOf(KeyType curve);

}  // namespace tollgate::crypto
