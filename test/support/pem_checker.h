#pragma once

#include <sstream>
#include <string>

#include "source/schema/pem_checker.h"

namespace tollgate {

/// Stands for the TLS library in tests of what lies below it. A certificate is the text
/// "cert <type> <name> …" with the words "ca" and "expired" where it is that, a key "key <type>
/// <name>", and several certificates are separated by newlines.
class FakePemChecker final : public schema::PemChecker {
 public:
  /// Installs one for the whole program.
  static void install() {
    static const FakePemChecker checker;
    schema::PemChecker::install(checker);
  }

  Status checkCertificate(const std::string& pem) const override { return starts(pem, "cert "); }
  Status checkPrivateKey(const std::string& pem) const override { return starts(pem, "key "); }
  Status checkServerKey(const std::string& pem) const override { return starts(pem, "key "); }
  Status checkPublicKey(const std::string& pem) const override { return starts(pem, "public "); }
  bool matches(const std::string& certificate, const std::string& key) const override {
    auto known = facts(certificate);
    return key == "key " + known->keyType + " " + known->sha256;
  }
  Result<schema::CertificateFacts> facts(const std::string& pem) const override {
    schema::CertificateFacts facts;
    std::istringstream words(pem.substr(0, pem.find('\n')));
    std::string word;
    words >> word >> facts.keyType >> facts.sha256;
    while (words >> word) {
      if (word == "ca") facts.authority = true;
      if (word == "expired") facts.expired = true;
    }
    facts.certificates = 1;
    for (char c : pem) facts.certificates += c == '\n';
    return facts;
  }

 private:
  static Status starts(const std::string& pem, const char* prefix) {
    if (pem.starts_with(prefix)) return {};
    return Error::invalid("nothing of that kind in it");
  }
};

}  // namespace tollgate
