#pragma once

#include <openssl/digest.h>

#include "source/crypto/digest.h"

// For files of this folder only.
namespace tollgate::crypto {

/// BoringSSL's description of a hash.
inline const EVP_MD* evpOf(Hash hash) {
  switch (hash) {
    case Hash::kMd5:
      return EVP_md5();
    case Hash::kSha1:
      return EVP_sha1();
    case Hash::kSha224:
      return EVP_sha224();
    case Hash::kSha384:
      return EVP_sha384();
    case Hash::kSha512:
      return EVP_sha512();
    case Hash::kSha256:
      break;
  }
  return EVP_sha256();
}

}  // namespace tollgate::crypto
