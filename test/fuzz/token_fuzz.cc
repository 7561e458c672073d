// Tokens that clients show: whatever comes, either a reason or a token that stands for itself; no
// key says yes to one that it has not signed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/http/jwt/jwt_key.h"
#include "filters/http/jwt/token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate;
  using namespace tollgate::filters::jwt;
  if (size > 16 * 1024) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Token token;
  const std::string_view problem = readToken(text, token);
  if (!problem.empty()) return 0;
  if (!knownAlgorithm(token.algorithm)) std::abort();
  if (!text.starts_with(std::string(token.signedText) + ".")) std::abort();
  (void)keyClaim(token, "iss");
  (void)wrongTimes(token.claims, {"exp", "nbf"}, 1'700'000'000);
  (void)endsWithin(token.claims, 60, 1'700'000'000);
  const auto key = JwtKey::read({{"secret", "nobody else has this"}, {"algorithm", "HS256"}});
  if (token.algorithm == "HS256" &&
      static_cast<const JwtKey&>(*key).verify(token, false) == JwtKey::Verdict::kGood) {
    std::abort();
  }
  return 0;
}
