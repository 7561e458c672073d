#include "source/schema/pem_checker.h"

namespace tollgate::schema {
namespace {

/// Refuses everything: an unchecked certificate must not get into a store.
class NoChecker final : public PemChecker {
 public:
  Status checkCertificate(const std::string&) const override { return refusal(); }
  Status checkPrivateKey(const std::string&) const override { return refusal(); }
  Status checkServerKey(const std::string&) const override { return refusal(); }
  Status checkPublicKey(const std::string&) const override { return refusal(); }
  bool matches(const std::string&, const std::string&) const override { return false; }
  Result<CertificateFacts> facts(const std::string&) const override { return refusal(); }

 private:
  static Error refusal() { return Error::internal("this process has no TLS library"); }
};

const PemChecker*& installed() {
  static const NoChecker none;
  static const PemChecker* checker = &none;
  return checker;
}

}  // namespace

const PemChecker& PemChecker::instance() { return *installed(); }

void PemChecker::install(const PemChecker& checker) { installed() = &checker; }

}  // namespace tollgate::schema
