#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"

/// What PEM texts hold. Errors say what is wrong with a text, never what it holds. Pure functions
/// but for the clock; any thread.
namespace tollgate::tls {

struct CertificateFacts {
  std::string keyType;      ///< "RSA", "EC", "Ed25519" or "other".
  std::string sha256;       ///< Of the first certificate in DER, in lower-case hexadecimal.
  bool authority = false;   ///< The first certificate may sign others (basic constraint CA).
  bool expired = false;     ///< The first certificate's time is over.
  size_t certificates = 0;  ///< How many the text holds, at least one.
};

/// Every certificate of the text is parsed.
Result<CertificateFacts> certificateFacts(std::string_view pem);

/// A private key without a passphrase, of any type.
Status checkPrivateKey(std::string_view pem);
/// One that can serve TLS: RSA of 2048 to 8192 bits, ECDSA with P-256 or P-384.
Status checkServerKey(std::string_view pem);
Status checkPublicKey(std::string_view pem);

/// Whether the key is that of the first certificate; false where either cannot be read.
bool isKeyOf(std::string_view certificatePem, std::string_view keyPem);

}  // namespace tollgate::tls
