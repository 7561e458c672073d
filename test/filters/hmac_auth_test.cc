#include <gtest/gtest.h>

#include "filters/http/common/http_date.h"
#include "filters/http/hmac_auth/signature_field.h"
#include "filters/http/hmac_auth/signed_text.h"

namespace tollgate::filters::hmac_auth {
namespace {

namespace engine = ::tollgate::http;

std::string shown(std::string_view value) {
  const auto field = readSignatureField(value);
  if (!field) return "nothing";
  std::string out(field->user);
  for (std::string_view part : {field->algorithm, field->names, field->signature}) {
    out.append("|").append(part);
  }
  return out;
}

TEST(SignatureField, IsReadAsTheReferenceReadsIt) {
  struct Case {
    const char* value;
    const char* expected;
  };
  for (const Case& c : {
           Case{R"(hmac username="u", algorithm="a", headers="date host", signature="s")",
                "u|a|date host|s"},
           Case{R"(Hmac username="u",algorithm="a",headers="h",signature="s")", "u|a|h|s"},
           Case{"x hmac   username=\"u\", \t algorithm=\"a\", headers=\"h\", signature=\"s\"",
                "u|a|h|s"},
           Case{R"(hmacusername="u", algorithm="a", headers="h", signature="s")", "u|a|h|s"},
           Case{R"(hmac username="u", algorithm="a", headers="h", signature="s=", extra="1")",
                R"(u|a|h|s=", extra="1)"},
           Case{R"(hmac username="u" , algorithm="a", headers="h", signature="s")", "nothing"},
           Case{R"(hmac algorithm="a", username="u", headers="h", signature="s")", "nothing"},
           Case{R"(hmac username="u", algorithm="a", signature="s")", "nothing"},
           Case{R"(hmac username="", algorithm="a", headers="h", signature="s")", "nothing"},
           Case{R"(hmac username="u", algorithm="", headers="h", signature="s")", "nothing"},
           Case{R"(hmac username="u", algorithm="a", headers="h", signature="")", "nothing"},
           Case{R"(hmac username="u", algorithm="a", headers="h", signature="s)", "nothing"},
           Case{R"(HMAC username="u", algorithm="a", headers="h", signature="s")", "nothing"},
           Case{R"(hmac username="a", algorithm="b", algorithm="a", headers="h", signature="s")",
                R"(a", algorithm="b|a|h|s)"},
           Case{"hmac", "nothing"},
           Case{"hmac username=\"", "nothing"},
           Case{"", "nothing"},
       }) {
    EXPECT_EQ(shown(c.value), c.expected) << c.value;
  }
}

class SignedText : public testing::Test {
 protected:
  SignedText() : request_(arena_) {
    request_.method = "GET";
    request_.target = "/a?b=1";
    request_.headers.add("Date", "today");
    request_.headers.add("X-Twice", "first");
    request_.headers.add("X-Twice", "second");
  }
  /// Whether the names stand for that text.
  testing::AssertionResult isSigned(std::string_view names, std::string_view text) {
    const auto made = signatureOf(request_, names, crypto::Hash::kSha256, "secret");
    const auto wanted = crypto::hmac(crypto::Hash::kSha256, "secret", text);
    if (made && made->view() == wanted.view()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "names " << names << ", text " << text;
  }

  Arena arena_;
  engine::RequestHead request_;
};

TEST_F(SignedText, HasALineForEachNameInTheirOrder) {
  EXPECT_TRUE(isSigned("date", "date: today"));
  EXPECT_TRUE(isSigned("DATE x-twice", "DATE: today\nx-twice: first"));
  EXPECT_TRUE(isSigned("request-line date", "GET /a?b=1 HTTP/1.1\ndate: today"));
  EXPECT_TRUE(isSigned("@request-target", "@request-target: get /a?b=1"));
  EXPECT_TRUE(isSigned("none", "none:"));
  EXPECT_TRUE(isSigned("date  date", "date: today\n:\ndate: today"));
  request_.version = engine::Version::kHttp2;
  EXPECT_TRUE(isSigned("request-line", "GET /a?b=1 HTTP/2.0"));
  request_.headers.add("request-line", "own");
  EXPECT_TRUE(isSigned("request-line", "request-line: own"));
}

TEST_F(SignedText, HasALimit) {
  std::string names;
  request_.headers.add("long", arena_.copy(std::string(20'000, 'x')));
  for (int i = 0; i < 3; ++i) names += "long ";
  EXPECT_TRUE(signatureOf(request_, names + "date", crypto::Hash::kSha1, "s").has_value());
  EXPECT_FALSE(signatureOf(request_, names + "long", crypto::Hash::kSha1, "s").has_value());
}

TEST(HttpDate, IsReadInItsThreeFormats) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parseHttpDate(text), 784111777) << text;
  }
  EXPECT_EQ(parseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parseHttpDate("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
  EXPECT_EQ(parseHttpDate("Friday, 01-Jan-27 00:00:00 GMT"), 1798761600);
  for (const char* text :
       {"", "x", ", ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun, 06 anF 1994 08:49:37 GMT", "784111777"}) {
    EXPECT_FALSE(parseHttpDate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tollgate::filters::hmac_auth
