#include "source/templates/template.h"

#include <gtest/gtest.h>

#include <map>

namespace tollgate::templates {
namespace {

/// Tables of a made-up request.
class Request final : public Variables {
 public:
  Value member(Table table, std::string_view name) override {
    static constexpr std::string_view kTwice[] = {"one", "two"};
    if (table == Table::kHeaders && name == "twice") return Value::of(std::span(kTwice));
    if (table == Table::kQuery && name == "bare") return Value::of(true);
    auto found = texts.find({table, std::string(name)});
    return found == texts.end() ? Value::nil() : Value::of(std::string_view(found->second));
  }
  std::map<std::pair<Table, std::string>, std::string> texts = {
      {{Table::kHeaders, "host"}, "Example.com"}, {{Table::kHeaders, "x-a"}, "17"},
      {{Table::kQuery, "q"}, "abcdef"},           {{Table::kCaptures, "user"}, "ann"},
      {{Table::kCaptures, "1"}, "first"},         {{Table::kCaptures, "empty"}, ""}};
};

/// What the text renders to, or "! " and what is wrong.
std::string render(std::string_view text) {
  Arena arena;
  Request request;
  const Template made(text);
  auto out = made.render(request, arena);
  return out ? std::string(*out) : "! " + out.error().message;
}

struct Case {
  std::string_view text, rendered;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(render(each.text), each.rendered) << each.text;
}

TEST(Template, WhatIsNoExpressionStandsForItself) {
  check({{"plain", "plain"},
         {"", ""},
         {"cost $5", "cost $5"},
         {"${headers.host}", "${headers.host}"},
         {"# no line syntax", "# no line syntax"},
         {"$(unclosed", "$(unclosed"},
         {"$(headers.host and (1", "$(headers.host and (1"},
         {"$$(nothing)", "$"},
         {"$('$(x)')", "$(x)"}});
}

TEST(Template, AsksTheTablesOfTheRequest) {
  check({{"$(headers.host)", "Example.com"},
         {"a-$(headers['x-a'])-b", "a-17-b"},
         {"$(query_params.q)$(uri_captures.user)", "abcdefann"},
         {"$(uri_captures[1])", "first"},
         {"$(uri_captures[2])", ""},
         {"$(query_params.bare)", "true"},
         {"$(shared.anything or 'none')", "none"},
         {"$(uri_captures.empty or 'none')", ""},
         {"$(headers.twice[2])", "two"},
         {"$(headers.twice[3])", ""},
         {"$(headers.twice.x)", ""},
         {"$(headers.twice)", "one, two"}});
}

TEST(Template, ComputesAsLuaDoes) {
  check({{"$(1 + 2 * 3 ^ 2)", "19"},
         {"$(7 % 3 - -1)", "2"},
         {"$(-7 % 3)", "2"},
         {"$(1 / 4)", "0.25"},
         {"$(2 ^ 53)", "9.007199254741e+15"},
         {"$(-2 ^ 2)", "-4"},
         {"$('a' .. 'b' .. 1)", "ab1"},
         {"$('10' + 1)", "11"},
         {"$(0x10)", "16"},
         {"$(not nil)", "true"},
         {"$(false)", ""},
         {"$(nil)", ""},
         {"$(1 < 2 and 'less' or 'more')", "less"},
         {"$('a' < 'b')", "true"},
         {"$(1 == '1')", ""},
         {"$(headers.host ~= 'x')", "true"},
         {"$((1 + 2) * 3)", "9"},
         {"$(#'four' + #headers.twice)", "6"},
         {"$(type(headers.host))", "string"},
         {"$(type(headers.twice) == 'table' and headers.twice[1] or headers.twice)", "one"},
         {"$(type(nothing))", "nil"},
         {"$([[long]])", "long"},
         {"$('\\65\\x42\\'')", "AB'"}});
}

TEST(Template, TextsHaveTheirMethods) {
  check({{"$(headers.host:lower())", "example.com"},
         {"$(('x'):upper())", "X"},
         {"$(query_params.q:sub(1, 2))", "ab"},
         {"$(query_params.q:sub(-2))", "ef"},
         {"$(query_params.q:sub(5, 2))", ""},
         {"$(query_params.q:sub(0))", "abcdef"},
         {"$(query_params.q:len())", "6"},
         {"$(query_params.q:byte())", "97"},
         {"$(query_params.q:byte(7))", ""},
         {"$(query_params.q:reverse())", "fedcba"},
         {"$(('ab'):rep(3))", "ababab"},
         {"$(query_params.q:find('cd'))", "3"},
         {"$(query_params.q:find('.', 1, true))", ""},
         {"$(headers.host:match('^(%w+)%.'))", "Example"},
         {"$(headers.host:match('nothing'))", ""},
         {"$(query_params.q:match'[c-e]+')", "cde"},
         {"$(query_params.q:gsub('[ace]', '<%0>'))", "<a>b<c>d<e>f"},
         {"$(('a b'):gsub('(%w) (%w)', '%2 %1'))", "b a"},
         {"$(('abc'):gsub('', '-'))", "-a-b-c-"},
         {"$(('hello'):gsub('l', 'L', 1))", "heLlo"},
         {"$(('x=(a(b)c)d'):match('%b()'))", "(a(b)c)"},
         {"$(('THE (quick) fox'):match('%f[%a]%a+%f[%A]'))", "THE"},
         {"$(('abab'):match('^(ab)%1$'))", "ab"},
         {"$(('key=value'):match('()='))", "4"},
         {"$(('a.b-c'):gsub('[%.%-]', '_'))", "a_b_c"},
         {"$(('x]y'):match('[]]'))", "]"},
         {"$(('aXb'):match('[^%l]'))", "X"},
         {"$(('<<a>>'):match('<(.-)>'))", "<a"}});
}

TEST(Template, WhatCannotBeComputedFailsWhenItIsRendered) {
  check({{"$()", "! unexpected end of expression"},
         {"$(while true do end)", "! unexpected symbol near 'while'"},
         {"$(1 +)", "! unexpected end of expression"},
         {"$(shared.x = 1)", "! unexpected symbol near '='"},
         {"$('open)", "! unfinished string"},
         {"$(1 2)", "! unexpected symbol near '2'"},
         {"$(10 * uri_captures.user)", "! attempt to perform arithmetic on a string value"},
         {"$(missing())", "! attempt to call a nil value"},
         {"$(string.upper('a'))", "! attempt to index a nil value"},
         {"$(tostring(1))", "! attempt to call a nil value"},
         {"$(shared.a.b)", "! attempt to index a nil value"},
         {"$(query_params.bare:sub(1))", "! attempt to index a boolean value"},
         {"$('a' .. nil)", "! attempt to concatenate a nil value"},
         {"$(1 < 'a')", "! attempt to compare number with string"},
         {"$(#1)", "! attempt to get length of a number value"},
         {"$(('a'):match('['))", "! malformed pattern (missing ']')"},
         {"$(('a'):match('%'))", "! malformed pattern (ends with '%')"},
         {"$(('a'):match('\\40a'))", "! unfinished capture"},
         {"$(('a'):gsub('a', '%2'))", "! invalid capture index in replacement string"}});
}

TEST(Template, WhatNeedsLuaIsNamed) {
  for (Case each : {Case{"$((function() return 1 end)())", "a function needs Lua"},
                    {"$(({1})[1])", "a table constructor needs Lua"},
                    {"$(kong.request.get_host())", "'kong' needs Lua"},
                    {"$(ngx.var.host)", "'ngx' needs Lua"},
                    {"$(headers.host:format(1))", "the method 'format' needs Lua"},
                    {"$(...)", "'...' needs Lua"}}) {
    const Template made(each.text);
    EXPECT_EQ(made.problem().kind, Problem::Kind::kNeedsLua) << each.text;
    EXPECT_EQ(made.problem().text, each.rendered) << each.text;
  }
  EXPECT_EQ(Template("$(1 +)").problem().kind, Problem::Kind::kSyntax);
  EXPECT_EQ(Template("$(missing())").problem().kind, Problem::Kind::kNone);
}

TEST(Template, SaysWhichTablesItUses) {
  const Template made("$(headers.a or uri_captures.b)");
  EXPECT_TRUE(made.uses(Table::kHeaders));
  EXPECT_TRUE(made.uses(Table::kCaptures));
  EXPECT_FALSE(made.uses(Table::kQuery));
  EXPECT_TRUE(Template("a").constant());
  EXPECT_FALSE(made.constant());
}

TEST(Template, IsBoundedInDepthSizeAndTime) {
  auto many = [](std::string_view text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  EXPECT_EQ(render("$(" + many("(", 200) + "1" + many(")", 200) + ")"),
            "! expression is nested too deeply");
  EXPECT_EQ(render("$(" + many("-", 201) + "1)"), "! expression is nested too deeply");
  EXPECT_EQ(render("$(headers" + many(".a", 5000) + ")"), "! expression is too long");
  EXPECT_EQ(render("$(1" + many("+1", 5000) + ")"), "! expression is too long");
  EXPECT_EQ(render("$(('x'):rep(1000000))"), "! the text becomes too long");
  EXPECT_EQ(render("$(('x'):rep(60000) .. ('x'):rep(60000))"), "! the text becomes too long");
  EXPECT_EQ(render("$(('a'):rep(200):match('" + many("a-", 20) + "b'))"), "! pattern too complex");
  EXPECT_EQ(render("$(('a'):rep(9000):match('" + many("(a", 33) + many(")", 33) + "'))"),
            "! too many captures");
  EXPECT_EQ(render(many("$(", 40000)), "! the template is too long");
  EXPECT_EQ(render(many("$(", 1000)), many("$(", 1000));
}

}  // namespace
}  // namespace tollgate::templates
