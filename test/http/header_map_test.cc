#include "source/http/header_map.h"

#include "source/http/error_body.h"

namespace tollgate::http {
namespace {

using namespace std::string_view_literals;

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

TEST(HeaderCode, OnlyLettersMayBeOfAnotherCase) {
  for (int i = 1; i < static_cast<int>(HeaderCode::kCount); ++i) {
    const auto code = static_cast<HeaderCode>(i);
    const std::string name(nameOf(code));
    for (size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = name;
        other[at] = static_cast<char>(byte);
        const HeaderCode expected = equalsIgnoreCase(other, name) ? code : HeaderCode::kOther;
        // Another name of the table would be a name as well.
        const HeaderCode found = codeOf(other);
        ASSERT_TRUE(found == expected || equalsIgnoreCase(nameOf(found), other)) << other;
      }
    }
    EXPECT_NE(codeOf(name + "x"), code);
    EXPECT_NE(codeOf(name.substr(1)), code);
  }
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

std::string linesOf(const HeaderMap& headers) {
  std::string out;
  headers.forEach([&](const Header& header) {
    EXPECT_TRUE(header.line() && header.checked());
    out.append(header.nameData, header.lineBytes());
  });
  return out;
}

TEST(HeaderMap, KeepsWholeLinesThatStandInOnePiece) {
  Arena arena;
  HeaderMap headers(arena);
  headers.setLine(HeaderCode::kServer, "Server: a b\r\n");
  headers.setCopied(HeaderCode::kXRealIp, "::1");
  headers.setNumber(HeaderCode::kXForwardedPort, 8000);
  EXPECT_EQ(headers.get(HeaderCode::kServer), "a b");
  EXPECT_EQ(linesOf(headers), "Server: a b\r\nX-Real-IP: ::1\r\nX-Forwarded-Port: 8000\r\n");
  const Header *ip = headers.find(HeaderCode::kXRealIp),
               *port = headers.find(HeaderCode::kXForwardedPort);
  EXPECT_EQ(ip->nameData + ip->lineBytes(), port->nameData);
}

TEST(HeaderMap, AWholeLineReplacesAllOfTheNameAndItsSpelling) {
  Arena arena;
  HeaderMap headers(arena);
  headers.add("x-real-ip", "1");
  headers.add("X-REAL-IP", "2");
  headers.setCopied(HeaderCode::kXRealIp, "3");
  EXPECT_EQ(linesOf(headers), "X-Real-IP: 3\r\n");
  EXPECT_EQ(headers.size(), 1u);
}

TEST(HeaderMap, JoinsTheFieldsOfANameToOneList) {
  Arena arena;
  HeaderMap headers(arena);
  EXPECT_EQ(headers.joined("Via"), "");
  headers.add("via", "1.1 a");
  EXPECT_EQ(headers.joined("VIA"), "1.1 a");
  headers.add("x-thing", "1");
  headers.add("Via", "");
  headers.add("VIA", "1.1 b, 1.0 c");
  headers.add("X-Thing", "2");
  headers.add("X-Other", "3");
  EXPECT_EQ(headers.joined("Via"), "1.1 a, , 1.1 b, 1.0 c");
  EXPECT_EQ(headers.joined("X-THING"), "1, 2");
}

TEST(HeaderMap, AValueOfItsOwnEndsTheLineAndItsCheck) {
  Arena arena;
  HeaderMap headers(arena);
  headers.setLine(HeaderCode::kVia, "Via: 1.1 a\r\n");
  headers.set(HeaderCode::kVia, "from a client");
  const Header* via = headers.find(HeaderCode::kVia);
  EXPECT_EQ(via->value(), "from a client");
  EXPECT_FALSE(via->line());
  EXPECT_FALSE(via->checked());
}

struct Blocks : testing::Test {
  Blocks() {
    headers.add("A", "b");
    LineBlock lines(arena, 200);
    lines.lines<HeaderCode::kXRealIp, HeaderCode::kXForwardedPort>("::1"sv, "8000"sv);
    lines.whole(HeaderCode::kServer, "\r\nServer: s");
    LineNames names;
    names.addOther(7);
    lines.wrote(names, copyTo(lines.place(), "\r\nX-Thing: 5"));
    headers.add(lines);
    headers.add("C", "d");
  }
  std::string names() const {
    std::string out;
    headers.forEach([&](const Header& header) { out.append(header.name()).append(" "); });
    return out;
  }
  Arena arena;
  HeaderMap headers{arena};
};

TEST_F(Blocks, StayInOnePieceForWhoPassesThemOn) {
  EXPECT_EQ(headers.size(), 6u);
  EXPECT_EQ(headers.pieces().size(), 3u);
  EXPECT_EQ(
      headers.pieces()[1].lineBytes(),
      std::string_view("X-Real-IP: ::1\r\nX-Forwarded-Port: 8000\r\nServer: s\r\nX-Thing: 5\r\n")
          .size());
  EXPECT_TRUE(headers.has(HeaderCode::kServer));
  EXPECT_EQ(names(), "A X-Real-IP X-Forwarded-Port Server X-Thing C ");
  EXPECT_EQ(headers.find("x-thinG2"), nullptr);
  EXPECT_EQ(headers.find(HeaderCode::kVia), nullptr);
  EXPECT_EQ(headers.pieces().size(), 3u);
}

TEST_F(Blocks, OpenForWhoAsksOrChanges) {
  EXPECT_EQ(headers.get(HeaderCode::kXForwardedPort), "8000");
  EXPECT_EQ(headers.pieces().size(), 6u);
  EXPECT_EQ(headers.get("X-THING"), "5");
  EXPECT_EQ(names(), "A X-Real-IP X-Forwarded-Port Server X-Thing C ");
}

TEST_F(Blocks, LoseAndChangeSingleFields) {
  headers.remove(HeaderCode::kXRealIp);
  headers.set("X-Thing", "6");
  headers.set(HeaderCode::kServer, "t");
  EXPECT_EQ(names(), "A X-Forwarded-Port Server X-Thing C ");
  EXPECT_EQ(headers.get("x-thing"), "6");
  EXPECT_EQ(headers.get(HeaderCode::kServer), "t");
  EXPECT_EQ(headers.size(), 5u);
}

TEST_F(Blocks, LoseFieldsWithoutCode) {
  headers.remove("x-thing");
  EXPECT_EQ(names(), "A X-Real-IP X-Forwarded-Port Server C ");
}

TEST_F(Blocks, AreNothingWithoutLines) {
  headers.add(LineBlock(arena, 0));
  EXPECT_EQ(headers.size(), 6u);
}

TEST(Decimal, SpellsEveryNumber) {
  for (int64_t value :
       {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{-1}, int64_t{65535}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(Decimal(value).text(), std::to_string(value));
  }
}

}  // namespace
}  // namespace tollgate::http
