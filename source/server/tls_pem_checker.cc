#include "source/server/tls_pem_checker.h"

#include "source/schema/pem_checker.h"
#include "source/tls/certificate_facts.h"

namespace tollgate::server {
namespace {

class TlsPemChecker final : public schema::PemChecker {
 public:
  Status checkCertificate(const std::string& pem) const override {
    auto facts = tls::certificateFacts(pem);
    return facts ? Status() : Status(std::move(facts).error());
  }
  Status checkPrivateKey(const std::string& pem) const override {
    return tls::checkPrivateKey(pem);
  }
  Status checkServerKey(const std::string& pem) const override { return tls::checkServerKey(pem); }
  Status checkPublicKey(const std::string& pem) const override { return tls::checkPublicKey(pem); }
  bool matches(const std::string& certificatePem, const std::string& keyPem) const override {
    return tls::isKeyOf(certificatePem, keyPem);
  }
  Result<schema::CertificateFacts> facts(const std::string& certificatePem) const override {
    auto facts = tls::certificateFacts(certificatePem);
    if (!facts) return std::move(facts).error();
    return schema::CertificateFacts{facts->keyType, facts->sha256, facts->authority, facts->expired,
                                    facts->certificates};
  }
};

}  // namespace

void installPemChecker() {
  static const TlsPemChecker checker;
  schema::PemChecker::install(checker);
}

}  // namespace tollgate::server
