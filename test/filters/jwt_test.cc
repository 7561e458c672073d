#include <gtest/gtest.h>

#include "filters/http/jwt/jwt_key.h"
#include "filters/http/jwt/token.h"
#include "filters/http/jwt/token_search.h"
#include "source/crypto/base64.h"
#include "source/crypto/private_key.h"

namespace tollgate::filters::jwt {
namespace {

using crypto::KeyType;
using crypto::SignatureScheme;
using Verdict = JwtKey::Verdict;

// RFC 7515 appendix A.1.
constexpr const char* kJoe =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kJoesKey =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

std::string encoded(std::string_view text) {
  return crypto::encodeBase64(text, crypto::Base64::kUrl);
}

std::string tokenOf(std::string_view header, std::string_view claims, std::string_view signature) {
  return encoded(header) + "." + encoded(claims) + "." + encoded(signature);
}

std::unique_ptr<const http::CredentialData> keyOf(const Json& doc) { return JwtKey::read(doc); }

Verdict verdict(const Json& doc, const std::string& text, bool base64 = false) {
  Token token;
  EXPECT_EQ(readToken(text, token), "");
  auto key = JwtKey::read(doc);
  return static_cast<const JwtKey&>(*key).verify(token, base64);
}

TEST(Token, IsTakenApart) {
  Token token;
  ASSERT_EQ(readToken(kJoe, token), "");
  EXPECT_EQ(token.algorithm, "HS256");
  EXPECT_EQ(token.claims["iss"], "joe");
  EXPECT_EQ(token.signature.size(), 32u);
  EXPECT_TRUE(std::string_view(kJoe).starts_with(std::string(token.signedText) + "."));
}

TEST(Token, ThatIsNoneIsToldWhatIsWrongWithIt) {
  const std::string header = R"({"alg":"HS256"})";
  struct Case {
    std::string text;
    const char* problem;
  };
  for (const Case& c : {
           Case{"", "invalid JSON"},
           Case{".", "invalid JSON"},
           Case{"..", "invalid JSON"},
           Case{"a.b", "invalid JSON"},
           Case{tokenOf(header, "", "s"), "invalid JSON"},
           Case{tokenOf("{", "{}", "s"), "invalid JSON"},
           Case{"!." + encoded("{}") + ".", "invalid JSON"},
           Case{tokenOf(R"({"alg":"none"})", "{}", ""), "invalid alg"},
           Case{tokenOf(R"({"alg":"hs256"})", "{}", ""), "invalid alg"},
           Case{tokenOf(R"({"alg":1})", "{}", ""), "invalid alg"},
           Case{tokenOf("{}", "{}", ""), "invalid alg"},
           Case{tokenOf("[]", "{}", ""), "invalid alg"},
           Case{tokenOf(header, "null", ""), "invalid claims"},
           Case{tokenOf(header, "false", ""), "invalid claims"},
           Case{encoded(header) + "." + encoded("{}") + ".!", "invalid signature"},
           Case{encoded(header) + "." + encoded("{}") + ".a.b", "invalid signature"},
           Case{tokenOf(header, "{}", ""), ""},
           Case{tokenOf(header, std::string(2000, '[') + std::string(2000, ']'), ""),
                "invalid JSON"},
       }) {
    Token token;
    EXPECT_EQ(readToken(c.text, token), c.problem) << c.text;
  }
}

TEST(Token, IsNamedByAClaimAndElseByItsHeader) {
  Token token;
  ASSERT_EQ(
      readToken(tokenOf(R"({"alg":"HS256","kid":"h"})", R"({"iss":"c","kid":null,"x":""})", ""),
                token),
      "");
  EXPECT_EQ(keyClaim(token, "iss"), "c");
  EXPECT_EQ(keyClaim(token, "kid"), "h");
  EXPECT_EQ(keyClaim(token, "x"), "");
  EXPECT_TRUE(keyClaim(token, "y").is_null());
  ASSERT_EQ(readToken(tokenOf(R"({"alg":"HS256"})", "[1]", ""), token), "");
  EXPECT_TRUE(keyClaim(token, "iss").is_null());
}

TEST(TokenTimes, HoldToTheSecond) {
  const std::vector<std::string> both = {"exp", "nbf"};
  EXPECT_EQ(wrongTimes({{"exp", 101}, {"nbf", 100}}, both, 100), Json::object());
  EXPECT_EQ(wrongTimes({{"exp", 100}}, {"exp"}, 100).dump(), R"({"exp":"token expired"})");
  EXPECT_EQ(wrongTimes({{"nbf", 100.5}}, {"nbf"}, 100).dump(), R"({"nbf":"token not valid yet"})");
  EXPECT_EQ(wrongTimes({{"exp", "101"}}, both, 100).dump(),
            R"({"exp":"must be a number","nbf":"must be a number"})");
  EXPECT_EQ(wrongTimes({{"exp", 1}}, {}, 100), Json::object());
  EXPECT_TRUE(endsWithin({{"exp", 160}}, 60, 100));
  EXPECT_FALSE(endsWithin({{"exp", 161}}, 60, 100));
  EXPECT_FALSE(endsWithin(Json::object(), 60, 100));
}

TEST(JwtKey, VerifiesThePublishedExample) {
  const Json joe = {{"secret", kJoesKey}, {"algorithm", nullptr}};
  EXPECT_EQ(verdict(joe, kJoe, true), Verdict::kGood);
  EXPECT_EQ(verdict(joe, kJoe, false), Verdict::kWrong);
  EXPECT_EQ(verdict({{"secret", "!"}}, kJoe, true), Verdict::kNoKey);
  EXPECT_EQ(verdict(Json::object(), kJoe), Verdict::kNoKey);
  EXPECT_EQ(verdict({{"secret", ""}}, kJoe), Verdict::kNoKey) << "anybody has an empty key";
}

TEST(JwtKey, VerifiesWhatItsPrivateHalfHasSigned) {
  struct Case {
    const char* algorithm;
    KeyType type;
  };
  for (const Case& c :
       {Case{"RS256", KeyType::kRsa}, Case{"RS384", KeyType::kRsa}, Case{"RS512", KeyType::kRsa},
        Case{"PS256", KeyType::kRsa}, Case{"PS512", KeyType::kRsa}, Case{"ES256", KeyType::kEcP256},
        Case{"ES384", KeyType::kEcP384}, Case{"ES512", KeyType::kEcP521},
        Case{"EdDSA", KeyType::kEd25519}}) {
    auto key = crypto::PrivateKey::generate(c.type);
    auto other = crypto::PrivateKey::generate(c.type);
    ASSERT_TRUE(key.ok() && other.ok());
    const std::string text =
        encoded(std::string(R"({"alg":")") + c.algorithm + "\"}") + "." + encoded(R"({"iss":"i"})");
    auto signature = key->sign(*crypto::schemeOfJose(c.algorithm), text);
    ASSERT_TRUE(signature.ok()) << c.algorithm;
    auto docOf = [&](const crypto::PrivateKey& from) {
      return Json{{"algorithm", c.algorithm}, {"rsa_public_key", std::string(from.pem()->view())}};
    };
    EXPECT_EQ(verdict(docOf(*key), text + "." + encoded(*signature)), Verdict::kGood)
        << c.algorithm;
    EXPECT_EQ(verdict(docOf(*other), text + "." + encoded(*signature)), Verdict::kWrong)
        << c.algorithm;
    EXPECT_EQ(verdict(docOf(*key), text + "." + encoded(signature->substr(1))), Verdict::kWrong)
        << c.algorithm;
    EXPECT_EQ(verdict({{"algorithm", c.algorithm}, {"rsa_public_key", "no key"}},
                      text + "." + encoded(*signature)),
              Verdict::kNoKey)
        << c.algorithm;
  }
}

TEST(JwtKey, HasOneAlgorithmWhateverATokenSays) {
  EXPECT_EQ(static_cast<const JwtKey&>(*keyOf({{"algorithm", "RS256"}})).algorithm(), "RS256");
  EXPECT_EQ(static_cast<const JwtKey&>(*keyOf(Json::object())).algorithm(), "HS256");
}

TEST(TokenSearch, FindsTheFirstCookieOfAName) {
  Arena arena;
  ::tollgate::http::HeaderMap headers(arena);
  headers.add("Cookie", "a=1; token = two ;TOKEN=three; empty=; x");
  headers.add("Cookie", "late=4");
  EXPECT_EQ(cookieOf(headers, "a"), "1");
  EXPECT_EQ(cookieOf(headers, "Token"), "two");
  EXPECT_EQ(cookieOf(headers, "empty"), "");
  EXPECT_EQ(cookieOf(headers, "x"), "");
  EXPECT_EQ(cookieOf(headers, "late"), "4");
  EXPECT_EQ(cookieOf(headers, "lat"), "");
}

TEST(TokenSearch, CountsATokenInSeveralPlacesOnce) {
  FoundTokens found;
  found.add("");
  found.add("t");
  found.add("t");
  EXPECT_FALSE(found.several);
  EXPECT_EQ(found.token, "t");
  found.add("u");
  EXPECT_TRUE(found.several);
}

}  // namespace
}  // namespace tollgate::filters::jwt
