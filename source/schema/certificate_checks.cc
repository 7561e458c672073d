#include "source/schema/certificate_checks.h"

#include <string>

#include "source/crypto/certificate.h"
#include "source/schema/vault_reference.h"

namespace tollgate::schema {
namespace {

/// The text of a field that can be looked at: set, valid and not in a vault.
const std::string* plainText(const Json& doc, const Json& errors, const char* field) {
  auto at = doc.find(field);
  if (at == doc.end() || !at->is_string() || errors.contains(field)) return nullptr;
  return holdsVaultReference(*at) ? nullptr : &at->get_ref<const std::string&>();
}

bool sameKeyType(const std::string& a, const std::string& b) {
  auto first = crypto::certificateFacts(a), second = crypto::certificateFacts(b);
  return first && second && first->keyType == second->keyType;
}

}  // namespace

void checkCertificatePairs(Json& doc, Json& errors) {
  const std::string* cert = plainText(doc, errors, "cert");
  const std::string* key = plainText(doc, errors, "key");
  const std::string* otherCert = plainText(doc, errors, "cert_alt");
  const std::string* otherKey = plainText(doc, errors, "key_alt");
  if (cert && key && !crypto::isKeyOf(*cert, *key)) {
    errors["@entity"].push_back("certificate does not match key");
  }
  if (otherCert && otherKey && !crypto::isKeyOf(*otherCert, *otherKey)) {
    errors["@entity"].push_back("alternative certificate does not match key");
  }
  if (cert && otherCert && sameKeyType(*cert, *otherCert)) {
    errors["@entity"].push_back(
        "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
        "the provided certificates were both of the same type");
  }
}

void checkAuthority(Json& doc, Json& errors) {
  const std::string* cert = plainText(doc, errors, "cert");
  if (cert == nullptr) return;
  auto facts = crypto::certificateFacts(*cert);
  const char* problem = nullptr;
  if (!facts || facts->certificates != 1) {
    problem = "please submit only one certificate at a time";
  } else if (facts->expired) {
    problem = "certificate expired, \"Not After\" time is in the past";
  } else if (!facts->authority) {
    problem =
        "certificate does not appear to be a CA because it is missing the \"CA\" basic constraint";
  } else {
    doc["cert_digest"] = facts->sha256;
  }
  if (problem != nullptr) errors["@entity"].push_back(problem);
}

}  // namespace tollgate::schema
