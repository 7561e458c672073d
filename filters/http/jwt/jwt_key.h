#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "filters/http/jwt/token.h"
#include "source/crypto/public_key.h"
#include "source/http/directory.h"

namespace tollgate::filters::jwt {

/// What the tokens of one issuer are verified with: a credential of the kind jwt_secrets.
class JwtKey final : public ::tollgate::http::CredentialData {
 public:
  static constexpr std::string_view kKind = "jwt_secrets";
  static std::unique_ptr<const ::tollgate::http::CredentialData> read(const Json& doc);

  /// The only algorithm that counts, whatever a token says.
  const std::string& algorithm() const { return algorithm_; }

  enum class Verdict {
    kGood,
    kNoKey,  ///< There is no secret or public key, or it cannot be read.
    kWrong,
  };
  /// `token` has this algorithm. `secretIsBase64`: the secret is base64 of the key.
  Verdict verify(const Token& token, bool secretIsBase64) const;

 private:
  Verdict verifyHmac(const Token& token, crypto::Hash hash, bool secretIsBase64) const;

  std::string algorithm_;
  std::string secret_;
  std::optional<crypto::PublicKey> key_;
};

}  // namespace tollgate::filters::jwt
