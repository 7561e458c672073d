#include "source/schema/key_checks.h"

#include <array>
#include <string>

#include "source/crypto/private_key.h"
#include "source/schema/json_text.h"
#include "source/schema/vault_reference.h"

namespace tollgate::schema {
namespace {

/// The members without which a key of its type (RFC 7518 section 6) is no key.
std::string missingMember(const Json& jwk) {
  const Json type = jwk.value("kty", Json());
  std::array<const char*, 3> needed{};
  if (type == "RSA") needed = {"n", "e"};
  if (type == "EC") needed = {"crv", "x", "y"};
  if (type == "OKP") needed = {"crv", "x"};
  if (type == "oct") needed = {"k"};
  for (const char* name : needed) {
    if (name != nullptr && !jwk.value(name, Json()).is_string()) return name;
  }
  return "";
}

std::string jwkError(const Json& text, const Json& kid) {
  const Json jwk = parseJson(text.get_ref<const std::string&>());
  if (jwk.is_discarded() || !jwk.is_object()) return "could not json decode jwk string";
  if (!jwk.value("kty", Json()).is_string()) return "jwk.kty: required field missing";
  if (std::string name = missingMember(jwk); !name.empty()) {
    return "jwk." + name + ": required field missing";
  }
  return jwk.value("kid", Json()) == kid ? "" : "kid in jwk.kid must be equal to keys.kid";
}

std::string pemError(const Json& pem) {
  const Json priv = pem.value("private_key", Json()), pub = pem.value("public_key", Json());
  if (priv.is_null() && pub.is_null()) {
    return "need to supply a PEM formatted public and/or private key.";
  }
  if (priv.is_string() && !holdsVaultReference(priv) &&
      !crypto::PrivateKey::fromPem(priv.get_ref<const std::string&>())) {
    return "could not load PEM private key";
  }
  if (pub.is_string() && !holdsVaultReference(pub) &&
      !crypto::PublicKey::fromPem(pub.get_ref<const std::string&>())) {
    return "could not load PEM public key";
  }
  return "";
}

}  // namespace

void checkKey(Json& doc, Json& errors) {
  std::string problem;
  const Json& jwk = doc["jwk"];
  if (jwk.is_string() && !errors.contains("jwk") && !errors.contains("kid") &&
      !holdsVaultReference(jwk)) {
    problem = jwkError(jwk, doc["kid"]);
  }
  if (problem.empty() && doc["pem"].is_object() && !errors.contains("pem")) {
    problem = pemError(doc["pem"]);
  }
  if (!problem.empty()) errors["@entity"].push_back(std::move(problem));
}

}  // namespace tollgate::schema
