#pragma once

// For files of this folder only: BoringSSL and what they share around it.
#include <openssl/base.h>
#ifndef OPENSSL_IS_BORINGSSL
#error "the OpenSSL headers were found instead of BoringSSL's: check BORINGSSL_ROOT"
#endif
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <vector>

#include "source/crypto/certificate.h"
#include "source/tls/key_pair.h"

namespace tollgate::tls {

/// A parsed and checked KeyPair.
struct LoadedPair {
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;  ///< Leaf first.
  crypto::PrivateKey key;

  /// Makes it the certificate of `context`, or of one connection.
  bool use(SSL_CTX* context) const;
  bool use(SSL* ssl) const;
};

Result<LoadedPair> loadKeyPair(const KeyPair& pair);

/// The content of a file of at most 1 MiB; `what` it is for is named in errors.
Result<std::string> readPemFile(const std::string& path, const char* what);

/// Static text for the failure of the last call on `ssl`; empties the thread's error queue.
const char* takeErrorText(const SSL* ssl);

/// Static text for a socket error.
const char* socketErrorText(int error);

/// The ALPN list in wire format; fails on empty and overlong names.
Result<std::string> alpnWireFormat(const std::vector<std::string>& protocols);

}  // namespace tollgate::tls
