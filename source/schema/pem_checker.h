#pragma once

#include <string>

#include "source/base/result.h"

namespace tollgate::schema {

/// What there is to know of the first certificate of a PEM text.
struct CertificateFacts {
  std::string keyType;  ///< "RSA", "EC", …
  std::string sha256;   ///< Of the DER, in lower-case hexadecimal.
  bool authority = false;
  bool expired = false;
  size_t certificates = 0;  ///< How many the text holds.
};

/// What the schemas need of a TLS library, which lies above them. The process installs one before
/// it reads entities. Errors say what is wrong with the text, never what it holds. Any thread.
class PemChecker {
 public:
  virtual ~PemChecker() = default;

  /// At least one certificate, the server's own first.
  virtual Status checkCertificate(const std::string& pem) const = 0;
  virtual Status checkPrivateKey(const std::string& pem) const = 0;
  /// A private key that a TLS server can use.
  virtual Status checkServerKey(const std::string& pem) const = 0;
  virtual Status checkPublicKey(const std::string& pem) const = 0;
  virtual bool matches(const std::string& certificatePem, const std::string& keyPem) const = 0;
  virtual Result<CertificateFacts> facts(const std::string& certificatePem) const = 0;

  /// Until one is installed, one that accepts nothing.
  static const PemChecker& instance();
  /// `checker` must outlive all use. Before the first use of the schemas.
  static void install(const PemChecker& checker);
};

}  // namespace tollgate::schema
