#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/json.h"

/// JSON Web Tokens (RFC 7519) as signed by JWS (RFC 7515). Pure functions.
namespace tollgate::filters::jwt {

/// A token, taken apart; nothing in it is proved.
struct Token {
  std::string_view
      signedText;         ///< Header and claims as they were sent; of the text it was read from.
  std::string signature;  ///< Its bytes.
  std::string algorithm;  ///< The header's `alg`: one of knownAlgorithm().
  Json header, claims;
};

/// Whether signatures of that name (RFC 7518 section 3.1, RFC 8037) can be verified. "none" is
/// none.
bool knownAlgorithm(std::string_view name);

/// "", or what is wrong: "invalid JSON", "invalid alg", "invalid claims", "invalid signature".
std::string_view readToken(std::string_view text, Token& token);

/// The value that names the credential: a claim, else a member of the header; null where neither
/// has one.
const Json& keyClaim(const Token& token, std::string_view name);

/// What is wrong with the claims `exp` and `nbf` (RFC 7519 section 4.1), as far as `verified` lists
/// them: {"exp":"token expired"}; empty if nothing.
Json wrongTimes(const Json& claims, const std::vector<std::string>& verified, int64_t nowSeconds);

/// Whether the token ends within `maximum` seconds.
bool endsWithin(const Json& claims, double maximum, int64_t nowSeconds);

}  // namespace tollgate::filters::jwt
