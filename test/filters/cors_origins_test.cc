#include <gtest/gtest.h>

#include "filters/http/cors/origins.h"

namespace tollgate::filters::cors {
namespace {

/// What a request from `origin` is told; "-" where nothing.
std::string told(std::vector<std::string> entries, std::string_view origin) {
  Arena arena;
  const Origins origins(std::move(entries));
  const std::string out(origins.decide(origin, arena).allowed);
  return out.empty() ? "-" : out;
}

TEST(Origins, EverybodyIsAllowedWhereNobodyIsNamed) {
  for (const std::vector<std::string>& entries : {std::vector<std::string>{}, {"*"}}) {
    Arena arena;
    const Origins origins(entries);
    const Decision decision = origins.decide("http://a.test", arena);
    EXPECT_EQ(decision.allowed, "*");
    EXPECT_TRUE(decision.everybody);
    EXPECT_FALSE(decision.varies);
  }
}

TEST(Origins, OneThatIsNamedAloneIsToldToAll) {
  for (const char* origin : {"http://a.test", "http://b.test", "null", ""}) {
    EXPECT_EQ(told({"http://a.test"}, origin), "http://a.test");
  }
}

TEST(Origins, OfSeveralTheOneThatAsksIsTold) {
  const std::vector<std::string> entries = {"http://a.test:80", "https://b.test:8443", "c.test"};
  EXPECT_EQ(told(entries, "http://a.test"), "http://a.test");
  EXPECT_EQ(told(entries, "http://a.test:80"), "http://a.test");
  EXPECT_EQ(told(entries, "https://b.test:8443"), "https://b.test:8443");
  EXPECT_EQ(told(entries, "c.test"), "c.test");
  for (const char* origin : {"https://a.test", "http://a.test:81", "HTTP://A.TEST", "http://c.test",
                             "http://xa.test", "null", ""}) {
    EXPECT_EQ(told(entries, origin), "-") << origin;
  }
}

TEST(Origins, AStarInAListIsForEverybodyWhoIsNotNamedBefore) {
  Arena arena;
  const Origins origins({"http://a.test", "*", "http://b.test"});
  EXPECT_EQ(origins.decide("http://a.test", arena).allowed, "http://a.test");
  const Decision other = origins.decide("http://b.test", arena);
  EXPECT_EQ(other.allowed, "*");
  EXPECT_TRUE(other.everybody);
  EXPECT_TRUE(other.varies);
  EXPECT_EQ(origins.decide("", arena).allowed, "");
}

TEST(Origins, ExpressionsMatchTheWholeHostOrTheWholeOrigin) {
  EXPECT_EQ(told({R"(.*\.a\.test)"}, "http://x.a.test:8080"), "http://x.a.test:8080");
  EXPECT_EQ(told({R"(^.*\.a\.test$)"}, "http://x.a.test"), "http://x.a.test");
  EXPECT_EQ(told({R"(https?://(x|y)\.test(:\d+)?)"}, "https://y.test:443"), "https://y.test");
  EXPECT_EQ(told({R"([a-z]+ll)", "x"}, "null"), "null");
  for (const char* origin : {"http://a.test", "http://x.a.test.evil", "http://x.a.testy", ""}) {
    EXPECT_EQ(told({R"(.*\.a\.test)"}, origin), "-") << origin;
  }
}

TEST(Origins, LongOnesAndEntriesThatDoNotCompileMatchNothing) {
  EXPECT_EQ(told({".*", "x"}, "http://" + std::string(kMostOrigin, 'a')), "-");
  EXPECT_EQ(told({"(", "x"}, "http://a.test"), "-");
}

TEST(Origins, AreNormalWithoutWhatSaysNothing) {
  Arena arena;
  struct Case {
    std::string_view origin, text, host;
  };
  for (const Case& each : {Case{"http://a.test:80", "http://a.test", "a.test"},
                           {"https://a.test:443", "https://a.test", "a.test"},
                           {"https://a.test:80", "https://a.test:80", "a.test"},
                           {"http://[::1]:80", "http://[::1]", "[::1]"},
                           {"http://[::1]", "http://[::1]", "[::1]"},
                           {"http://a.test/path", "http://a.test", "a.test"},
                           {"http://user@a.test:80/x", "http://a.test", "a.test"},
                           {"//a.test", "a.test", "a.test"},
                           {"null", "null", ""},
                           {"a.test:80", "a.test:80", ""},
                           {"http://", "http://", ""}}) {
    const NormalOrigin normal = normalize(each.origin, arena);
    EXPECT_EQ(normal.text, each.text) << each.origin;
    EXPECT_EQ(normal.host, each.host) << each.origin;
  }
}

}  // namespace
}  // namespace tollgate::filters::cors
