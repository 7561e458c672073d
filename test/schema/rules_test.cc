#include "source/schema/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "source/schema/characters.h"
#include "source/schema/entity_schema.h"

namespace tollgate::schema {
namespace {

TEST(MakeSecret, HasADigitEveryTimeAndIsNeverTheSame) {
  // Left to chance, a dozen and more of so many would be without a digit.
  constexpr size_t kCount = 5'000;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < kCount; ++i) {
    const std::string secret = makeSecret();
    ASSERT_EQ(secret.size(), 32u);
    ASSERT_TRUE(std::ranges::all_of(secret, isAlnum)) << secret;
    ASSERT_TRUE(std::ranges::any_of(secret, isDigit)) << secret;
    seen.insert(secret);
  }
  EXPECT_EQ(seen.size(), kCount);
}

struct Case {
  const char *rule, *value, *error;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& each : cases) {
    EXPECT_EQ(checkRule(each.rule, each.value), each.error) << each.rule << " " << each.value;
  }
}

TEST(Rules, PatternsHaveToCompileInLinearTime) {
  check({{"regex", "^a+(?<b>c|d)$", ""},
         {"regex", "(", "not a valid regex: ("},
         {"regex", "a(?!b)",
          "not a valid regex: a(?!b); look-around and back-references are not supported"},
         {"origin", "*", ""},
         {"origin", "https://a.test:8443", ""},
         {"origin", "https://.*\\.a\\.test", ""},
         {"origin", "*.a.test", "'*.a.test' is not a valid regex"},
         {"origin", "(a)\\1",
          "'(a)\\1' is not a valid regex; look-around and back-references are not supported"}});
}

TEST(Rules, UrlsHaveASchemeAndAHost) {
  check({{"url", "https://a.test/x?y#z", ""},
         {"url", "http://[::1]:80", ""},
         {"url", "http://user@a.test", ""},
         {"url", "/path", "missing host in url"},
         {"url", "a.test", "missing host in url"},
         {"url", "http://", "missing host in url"},
         {"url", "http:///x", "missing host in url"},
         {"url", "http://:80", "missing host in url"},
         {"url", "//a.test", "missing scheme in url"}});
}

TEST(Rules, PairsHaveANameAndAValue) {
  check({{"pair", "a:b", ""},
         {"pair", "a:", ""},
         {"pair", "a", "invalid value: a"},
         {"pair", ":b", "invalid value: :b"},
         {"header_pair", "X-A:", ""},
         {"header_pair", "X-A:$(1 +)", ""},
         {"header_pair", "X A:b", "'X A' is not a valid header"},
         {"header_pair", "X-A:$({})",
          "value '$({})' is not in supported format, error:a table constructor needs Lua"},
         {"header_rename", "X-A:X_B", ""},
         {"header_rename", "X-A:X B", "'X B' is not a valid header"},
         {"header_rename", "X-A:", "'' is not a valid header"},
         {"header_rename", "X-A", "invalid value: X-A"},
         {"header_of_pair", "X-A", ""},
         {"header_of_pair", "X-A:whatever", ""},
         {"header_of_pair", "X A", "'X A' is not a valid header"},
         {"name_with_value", "a::b", ""},
         {"name_with_value", "a:", "key 'a' has no value"},
         {"name_with_value", ":b", "invalid value: :b"},
         {"name_with_template", "a:$(headers.x)", ""},
         {"name_with_template", "a:$(1 +)",
          "value '$(1 +)' is not in supported format, error:unexpected end of expression"},
         {"template", "/a/$(1 +)", ""},
         {"template", "/$(ngx.var)",
          "value '/$(ngx.var)' is not in supported format, error:'ngx' needs Lua"}});
}

/// Nested errors are printed as Lua's tables, texts among them as Lua's strings.
TEST(Violations, QuoteTextsAsClientsKnowThem) {
  auto message = [](const char* text) {
    Violations violations;
    violations.fields = {{"config", {{"deny", {text}}}}};
    return violations.message();
  };
  EXPECT_EQ(message("plain"), "schema violation (config.deny: {\n  \"plain\"\n})");
  EXPECT_EQ(message("a\"b\\c"), "schema violation (config.deny: {\n  \"a\\\"b\\\\c\"\n})");
  EXPECT_EQ(message("[z-a]"), "schema violation (config.deny: {\n  [=[[z-a]]=]\n})");
  EXPECT_EQ(message("a\nb"), "schema violation (config.deny: {\n  [[a\nb]]\n})");
  EXPECT_EQ(message("[==[x]==]"), "schema violation (config.deny: {\n  [===[[==[x]==]]===]\n})");
  EXPECT_EQ(message("a\r\nb"), "schema violation (config.deny: {\n  \"a\\r\\\nb\"\n})");
}

}  // namespace
}  // namespace tollgate::schema
