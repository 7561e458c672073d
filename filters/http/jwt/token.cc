#include "filters/http/jwt/token.h"

#include "filters/http/common/loose_base64.h"
#include "source/crypto/signature_scheme.h"
#include "source/schema/json_text.h"

namespace tollgate::filters::jwt {
namespace {

const Json& memberOf(const Json& object, std::string_view name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

/// Discarded where it is no base64, or no JSON.
Json readPart(std::string_view part) {
  const auto text = decodeLooseBase64Url(part);
  return text ? schema::parseJson(*text) : Json(Json::value_t::discarded);
}

bool isNothing(const Json& value) { return value.is_null() || value == false; }

}  // namespace

bool knownAlgorithm(std::string_view name) {
  return name == "HS256" || name == "HS384" || name == "HS512" ||
         crypto::schemeOfJose(name).has_value();
}

std::string_view readToken(std::string_view text, Token& token) {
  const size_t first = text.find('.');
  if (first == text.npos) return "invalid JSON";
  const size_t second = text.find('.', first + 1);
  if (second == text.npos) return "invalid JSON";
  token.header = readPart(text.substr(0, first));
  token.claims = readPart(text.substr(first + 1, second - first - 1));
  if (token.header.is_discarded() || token.claims.is_discarded()) return "invalid JSON";
  const Json& algorithm = memberOf(token.header, "alg");
  if (!algorithm.is_string()) return "invalid alg";
  token.algorithm = algorithm.get<std::string>();
  if (!knownAlgorithm(token.algorithm)) return "invalid alg";
  if (isNothing(token.claims)) return "invalid claims";
  auto signature = decodeLooseBase64Url(text.substr(second + 1));
  if (!signature) return "invalid signature";
  token.signature = std::move(*signature);
  token.signedText = text.substr(0, second);
  return "";
}

const Json& keyClaim(const Token& token, std::string_view name) {
  const Json& claim = memberOf(token.claims, name);
  return isNothing(claim) ? memberOf(token.header, name) : claim;
}

Json wrongTimes(const Json& claims, const std::vector<std::string>& verified, int64_t nowSeconds) {
  Json out = Json::object();
  for (const std::string& name : verified) {
    const Json& claim = memberOf(claims, name);
    if (!claim.is_number()) {
      out[name] = "must be a number";
    } else if (name == "exp" && claim.get<double>() <= static_cast<double>(nowSeconds)) {
      out[name] = "token expired";
    } else if (name == "nbf" && claim.get<double>() > static_cast<double>(nowSeconds)) {
      out[name] = "token not valid yet";
    }
  }
  return out;
}

bool endsWithin(const Json& claims, double maximum, int64_t nowSeconds) {
  const Json& end = memberOf(claims, "exp");
  return end.is_number() && end.get<double>() - static_cast<double>(nowSeconds) <= maximum;
}

}  // namespace tollgate::filters::jwt
