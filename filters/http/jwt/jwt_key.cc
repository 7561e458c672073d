#include "filters/http/jwt/jwt_key.h"

#include "filters/http/common/loose_base64.h"
#include "source/crypto/digest.h"
#include "source/crypto/private_key.h"
#include "source/crypto/secret.h"

namespace tollgate::filters::jwt {
namespace {

std::string textOf(const Json& doc, std::string_view field) {
  auto found = doc.find(field);
  return found != doc.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A private key is taken for its public half.
std::optional<crypto::PublicKey> readKey(const std::string& pem) {
  if (pem.empty()) return std::nullopt;
  if (auto key = crypto::PublicKey::fromPem(pem)) return std::move(key).value();
  if (auto key = crypto::PrivateKey::fromPem(pem)) return key->publicKey();
  return std::nullopt;
}

std::optional<crypto::Hash> hmacHashOf(std::string_view algorithm) {
  if (algorithm == "HS256") return crypto::Hash::kSha256;
  if (algorithm == "HS384") return crypto::Hash::kSha384;
  if (algorithm == "HS512") return crypto::Hash::kSha512;
  return std::nullopt;
}

}  // namespace

std::unique_ptr<const ::tollgate::http::CredentialData> JwtKey::read(const Json& doc) {
  auto out = std::make_unique<JwtKey>();
  out->algorithm_ = textOf(doc, "algorithm");
  if (out->algorithm_.empty()) out->algorithm_ = "HS256";
  if (hmacHashOf(out->algorithm_)) {
    out->secret_ = textOf(doc, "secret");
  } else {
    out->key_ = readKey(textOf(doc, "rsa_public_key"));
  }
  return out;
}

JwtKey::Verdict JwtKey::verify(const Token& token, bool secretIsBase64) const {
  if (auto hash = hmacHashOf(algorithm_)) return verifyHmac(token, *hash, secretIsBase64);
  const auto scheme = crypto::schemeOfJose(algorithm_);
  if (!scheme || !key_) return Verdict::kNoKey;
  return key_->verify(*scheme, token.signedText, token.signature) ? Verdict::kGood
                                                                  : Verdict::kWrong;
}

JwtKey::Verdict JwtKey::verifyHmac(const Token& token, crypto::Hash hash,
                                   bool secretIsBase64) const {
  std::string decoded;
  std::string_view key = secret_;
  if (secretIsBase64) {
    auto bytes = decodeLooseBase64Url(secret_);
    if (bytes) decoded = std::move(*bytes);
    key = decoded;
  }
  if (key.empty()) return Verdict::kNoKey;
  const crypto::DigestBytes expected = crypto::hmac(hash, key, token.signedText);
  crypto::wipe(decoded);
  return crypto::equalInConstantTime(expected.view(), token.signature) ? Verdict::kGood
                                                                       : Verdict::kWrong;
}

}  // namespace tollgate::filters::jwt
