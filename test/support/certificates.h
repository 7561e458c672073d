#pragma once

#include <map>
#include <sstream>
#include <string>

#include "source/base/json.h"
#include "source/crypto/private_key.h"
#include "source/crypto/self_signed.h"

/// Certificates and keys for tests, by what they are to be: "cert EC a", "cert RSA b ca", "cert EC
/// a ca expired", "key EC a"; a name has one key of each type. A text always stands for the same
/// PEM.
namespace tollgate::test {

inline const crypto::PrivateKey& keyOf(const std::string& type, const std::string& name) {
  static auto& keys = *new std::map<std::string, crypto::PrivateKey>;
  auto found = keys.find(type + name);
  if (found == keys.end()) {
    const auto kind = type == "RSA" ? crypto::KeyType::kRsa : crypto::KeyType::kEcP256;
    found = keys.emplace(type + name, crypto::PrivateKey::generate(kind).value()).first;
  }
  return found->second;
}

inline std::string pemOf(const std::string& words) {
  static auto& made = *new std::map<std::string, std::string>;
  std::string& pem = made[words];
  if (!pem.empty()) return pem;
  std::istringstream in(words);
  std::string what, type, name, more;
  in >> what >> type >> name;
  const crypto::PrivateKey& key = keyOf(type, name);
  if (what == "key") return pem = key.pem().value().view();
  crypto::SelfSignedTerms terms;
  terms.commonName = name;
  while (in >> more) {
    if (more == "ca") terms.authority = true;
    if (more == "expired") terms.validFor = std::chrono::hours(-1);
  }
  return pem = crypto::makeSelfSigned(key, terms).value();
}

/// A document in which the texts that stand for PEM, one a line, have become it.
inline Json withPem(Json doc) {
  if (doc.is_structured()) {
    for (auto& member : doc) member = withPem(std::move(member));
    return doc;
  }
  if (!doc.is_string()) return doc;
  std::istringstream lines(doc.get<std::string>());
  std::string line, out;
  while (std::getline(lines, line)) {
    if (!line.starts_with("cert ") && !line.starts_with("key ")) return doc;
    out += pemOf(line);
  }
  if (!out.empty()) doc = std::move(out);
  return doc;
}

}  // namespace tollgate::test
