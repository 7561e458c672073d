#include "filters/http/key_auth/key_search.h"

#include <gtest/gtest.h>

#include "filters/http/common/arguments.h"

namespace tollgate::filters::key_auth {
namespace {

using Kind = Found::Kind;

TEST(KeySearch, ArgumentsAreComparedLiterallyAndDecoded) {
  Arena arena;
  EXPECT_EQ(findInArguments("a=1&apikey=s%20k+t&b", "apikey", arena).text, "s k t");
  EXPECT_EQ(findInArguments("APIKEY=x&apikey[]=y", "apikey", arena).kind, Kind::kNothing);
  EXPECT_EQ(findInArguments("%61pikey=x", "apikey", arena).text, "x");
  EXPECT_EQ(findInArguments("apikey", "apikey", arena).kind, Kind::kNothing);
  EXPECT_EQ(findInArguments("apikey=", "apikey", arena).kind, Kind::kText);
  EXPECT_EQ(findInArguments("apikey=a&apikey=a", "apikey", arena).kind, Kind::kDuplicate);
}

TEST(KeySearch, OnlyTheFirstHundredArgumentsAreInspected) {
  Arena arena;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "x=1&";
  EXPECT_EQ(findInArguments(many + "apikey=k", "apikey", arena).kind, Kind::kNothing);
}

TEST(KeySearch, OtherArgumentsKeepOrderAndEncoding) {
  Arena arena;
  EXPECT_EQ(withoutArgument("b=%7e&apikey=1&a=+&apikey=2&c", "apikey", arena), "b=%7e&a=+&c");
  EXPECT_EQ(withoutArgument("apikey=1", "apikey", arena), "");
}

TEST(KeySearch, RepeatedHeadersAreDuplicates) {
  Arena arena;
  http::HeaderMap headers(arena);
  headers.add("ApiKey", "one");
  EXPECT_EQ(findInHeaders(headers, KeyName("apikey")).text, "one");
  headers.add("apikey", "two");
  EXPECT_EQ(findInHeaders(headers, KeyName("apikey")).kind, Kind::kDuplicate);
}

/// What was found must not live in the body, which goes first.
std::string findThenForget(const char* type, const std::string& body) {
  static Arena arena;
  Found found;
  {
    BodyFields fields(type, body);
    found = fields.find("apikey", arena);
  }
  return found.kind == Kind::kText ? std::string(found.text) : "";
}

TEST(KeySearch, BodiesOfThreeTypesAreRead) {
  const std::string padding(200, 'x');
  EXPECT_EQ(findThenForget("application/x-www-form-urlencoded", "pad=" + padding + "&apikey=form"),
            "form");
  EXPECT_EQ(findThenForget("application/json; charset=utf-8", R"({"apikey":"json"})"), "json");
  EXPECT_EQ(findThenForget("multipart/form-data; boundary=b",
                           "--b\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nmulti\r\n"
                           "--b--\r\n"),
            "multi");
  EXPECT_EQ(findThenForget("text/plain", "apikey=x"), "");
  EXPECT_EQ(findThenForget("application/json", "{broken"), "");
  EXPECT_EQ(findThenForget("application/json", R"({"apikey":7})"), "");
}

TEST(KeySearch, TheKeyIsTakenOutOfTheBodyInItsOwnType) {
  EXPECT_EQ(BodyFields("application/x-www-form-urlencoded", "a=1&apikey=k&b=2").without("apikey"),
            "a=1&b=2");
  EXPECT_EQ(BodyFields("application/json", R"({"a":1,"apikey":"k"})").without("apikey"),
            R"({"a":1})");
  const std::string part = "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
  const std::string key = "\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nk\r\n";
  EXPECT_EQ(BodyFields("multipart/form-data; boundary=b", "--b" + part + "--b" + key + "--b--\r\n")
                .without("apikey"),
            "--b" + part + "--b--\r\n");
  EXPECT_EQ(BodyFields("text/plain", "apikey=k").without("apikey"), std::nullopt);
}

TEST(KeySearch, WhatIsFoundInAPartIsTakenOutHoweverThePartIsWritten) {
  for (const char* disposition :
       {"Content-Disposition: form-data; name=\"apikey\"",
        "Content-Disposition: form-data; name=apikey",
        "Content-Disposition: form-data;name=\"apikey\"",
        "content-disposition:form-data;NAME=apikey",
        "Content-Disposition: form-data; filename=\"a;name=b\"; name=\"apikey\"",
        "Content-Disposition: form-data; name=\"api\\key\"",
        "X-Other: name=\"b\"\r\nContent-Disposition: form-data; name=apikey"}) {
    const std::string part = std::string(disposition) + "\r\n\r\nsecret\r\n";
    const std::string body =
        "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n--bx\r\n--b\r\n" + part +
        "--b--\r\nend";
    EXPECT_EQ(findThenForget("Multipart/form-data; Boundary=\"b\"", body), "secret") << disposition;
    const auto rest = BodyFields("Multipart/form-data; Boundary=\"b\"", body).without("apikey");
    EXPECT_EQ(rest, "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n--bx\r\n--b--\r\nend")
        << disposition;
  }
}

TEST(KeySearch, SeveralPartsOfTheNameAreDuplicates) {
  Arena arena;
  const std::string part = "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nk\r\n";
  BodyFields fields("multipart/form-data; boundary=b", part + part + "--b--");
  EXPECT_EQ(fields.find("apikey", arena).kind, Kind::kDuplicate);
  EXPECT_EQ(fields.without("apikey"), "--b--");
}

TEST(KeySearch, MasksEveryArgumentOfTheName) {
  Arena arena;
  EXPECT_EQ(withMaskedArgument("a=1&apikey=k&b", "apikey", arena), "a=1&apikey=***&b");
  EXPECT_EQ(withMaskedArgument("apikey=k&api%6bey=l&apikey", "apikey", arena),
            "apikey=***&api%6bey=***&apikey=***");
  EXPECT_EQ(withMaskedArgument("other=1", "apikey", arena), "other=1");
}

}  // namespace
}  // namespace tollgate::filters::key_auth
