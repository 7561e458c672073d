#include "source/http/header_map.h"

#include "source/http/error_body.h"

namespace tollgate::http {
namespace {

TEST(HeaderMap, FindsNamesInAnyCase) {
  Arena arena;
  HeaderMap headers(arena);
  headers.add("content-LENGTH", "5");
  headers.add("X-Thing", "a");
  EXPECT_EQ(headers.get(HeaderCode::kContentLength), "5");
  EXPECT_EQ(headers.get("x-thing"), "a");
  EXPECT_EQ(headers.find("x-other"), nullptr);
}

TEST(HeaderMap, KeepsOrderOfRepeatedNames) {
  Arena arena;
  HeaderMap headers(arena);
  for (int i = 0; i < 100; ++i) headers.add("X-N", arena.copy(std::to_string(i)));
  int expected = 0;
  headers.forEach(
      [&](const Header& header) { EXPECT_EQ(header.value(), std::to_string(expected++)); });
  EXPECT_EQ(expected, 100);
}

TEST(HeaderMap, SetReplacesAllOfTheName) {
  Arena arena;
  HeaderMap headers(arena);
  headers.add("Via", "1");
  headers.add("A", "b");
  headers.add("via", "2");
  headers.set(HeaderCode::kVia, "3");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.get("VIA"), "3");
  headers.remove("via");
  EXPECT_FALSE(headers.has(HeaderCode::kVia));
  headers.add("Via", "4");
  EXPECT_EQ(headers.get("Via"), "4");
}

TEST(HeaderCode, EveryNameHasItsCode) {
  for (int i = 1; i < static_cast<int>(HeaderCode::kCount); ++i) {
    auto code = static_cast<HeaderCode>(i);
    EXPECT_EQ(codeOf(nameOf(code)), code) << nameOf(code);
  }
  EXPECT_EQ(codeOf("x-unknown"), HeaderCode::kOther);
}

TEST(EqualsIgnoreCase, IsAboutAsciiLettersOnlyAtEveryPlace) {
  for (size_t length : {1, 7, 8, 9, 15, 16, 17}) {
    for (size_t at = 0; at < length; ++at) {
      for (int a = 0; a < 256; ++a) {
        for (int b : {a, a ^ 0x20, a ^ 0x80, a ^ 0xa0, (a + 1) & 255}) {
          std::string left(length, 'x'), right(length, 'X');
          left[at] = static_cast<char>(a);
          right[at] = static_cast<char>(b);
          bool letters = (a ^ b) == 0x20 && (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
          ASSERT_EQ(equalsIgnoreCase(left, right), a == b || letters) << a << " and " << b;
        }
      }
    }
  }
  EXPECT_FALSE(equalsIgnoreCase("ab", "abc"));
}

TEST(ErrorBody, TakesTheFormThatTheClientPrefers) {
  struct Row {
    const char* accept;
    const char* type;
  };
  for (const Row& row :
       {Row{"", "application/json; charset=utf-8"}, Row{"*/*", "application/json; charset=utf-8"},
        Row{"text/html", "text/html; charset=utf-8"}, Row{"text/*", "text/plain; charset=utf-8"},
        Row{"text/html;q=0.5, application/xml", "application/xml; charset=utf-8"},
        Row{"text/html;q=0.1, text/plain;q=0.9", "text/plain; charset=utf-8"},
        Row{"application/grpc", "application/grpc"},
        Row{"image/png", "application/json; charset=utf-8"}}) {
    Arena arena;
    EXPECT_EQ(errorBody(arena, row.accept, "M", "I").contentType, row.type) << row.accept;
  }
  Arena arena;
  EXPECT_EQ(errorBody(arena, "", "no", "id1").body,
            "{\n  \"message\":\"no\",\n  \"request_id\":\"id1\"\n}");
}

}  // namespace
}  // namespace tollgate::http
