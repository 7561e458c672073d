#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/crypto/private_key.h"
#include "source/crypto/public_key.h"

struct x509_st;

namespace tollgate::crypto {

/// Whom a certificate is made out to.
struct CertificateNames {
  std::string subject;     ///< As RFC 2253 writes it, in UTF-8: "CN=ops,O=Example".
  std::string commonName;  ///< "" without one, and where there are several.
  std::vector<std::string> dnsNames, uris, emails;  ///< Subject alternative names (RFC 5280).
};

/// An X.509 certificate. A value whose copies share it; immutable, any thread. Errors are kInvalid
/// and say what is wrong with a text, never what it holds. Whether to trust one is no matter of
/// this class: source/tls verifies chains.
class Certificate {
 public:
  static Result<Certificate> fromDer(std::string_view der);
  /// All blocks "CERTIFICATE" of a text, at least one; others are passed over.
  static Result<std::vector<Certificate>> chainFromPem(std::string_view pem);

  /// BoringSSL's; for this folder and source/tls.
  x509_st* handle() const { return x509_.get(); }

  const std::string& der() const { return der_; }
  /// In lower-case hexadecimal.
  std::string sha256() const;
  CertificateNames names() const;
  /// kInvalid for a key of a kind that BoringSSL does not know.
  Result<PublicKey> publicKey() const;
  bool isOf(const PrivateKey& key) const;
  /// May sign others (basic constraint CA).
  bool authority() const;
  /// Its time is over, by the clock of the system.
  bool expired() const;

 private:
  std::shared_ptr<x509_st> x509_;
  std::string der_;
};

/// What there is to know of the first certificate of a PEM text.
struct CertificateFacts {
  std::string keyType;      ///< "RSA", "EC", "Ed25519" or "other".
  std::string sha256;       ///< Of the DER, in lower-case hexadecimal.
  bool authority = false;   ///< See Certificate.
  bool expired = false;     ///< Likewise.
  size_t certificates = 0;  ///< How many the text holds, at least one.
};
/// Every certificate of the text is parsed.
Result<CertificateFacts> certificateFacts(std::string_view pem);

/// Whether a TLS server can use the key: RSA of 2048 to 8192 bits, ECDSA with P-256 or P-384.
Status checkServerKey(const PrivateKey& key);

/// Whether the key is that of the first certificate; false where either cannot be read.
bool isKeyOf(std::string_view certificatePem, std::string_view keyPem);

}  // namespace tollgate::crypto
