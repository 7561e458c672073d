#include "source/base/regex.h"

#include <gtest/gtest.h>

namespace tollgate {
namespace {

/// What the regex takes of the beginning of the text, "-" for no match.
std::string taken(std::string_view pattern, std::string_view text) {
  auto regex = Regex::compile(pattern);
  if (regex == nullptr) return "does not compile";
  size_t length = 0;
  return regex->matchStart(text, length) ? std::string(text.substr(0, length)) : "-";
}

TEST(Regex, ReadsBytes) {
  EXPECT_EQ(taken("/secure/(?<x>.+)$", "/secure/\xff"), "/secure/\xff");
  EXPECT_EQ(taken("/secure/[^/]+$", "/secure/\xff\xfe"), "/secure/\xff\xfe");
  EXPECT_EQ(taken("/.$", "/\xc3\xa9"), "-") << "two bytes";
  EXPECT_EQ(taken("/caf\xc3\xa9/(.*)", "/caf\xc3\xa9/1"), "/caf\xc3\xa9/1");
}

TEST(Regex, ReadsCharactersWhereItAsksForThem) {
  EXPECT_EQ(taken("/\\p{L}+/z$", "/\xc3\xa9/z"), "/\xc3\xa9/z");
  EXPECT_EQ(taken("/[\xc3\xa9\xc3\xa8]/z$", "/\xc3\xa8/z"), "/\xc3\xa8/z");
  EXPECT_EQ(taken("/\\p{L}.*$", "/\xc3\xff"), "/\xc3\xff") << "no UTF-8: bytes again";
}

TEST(Regex, HasDotAndDollarAsPcre) {
  EXPECT_EQ(taken("/secure/(?<x>.+)$", "/secure/a\n"), "/secure/a") << "before the last line feed";
  EXPECT_EQ(taken("/secure/(?<x>.+)$", "/secure/a\nb"), "-");
  EXPECT_EQ(taken("/a.b", "/a\nb"), "-");
  EXPECT_EQ(taken("/a.b", "/a\rb"), "/a\rb");
}

TEST(Regex, TellsWhyItDoesNotCompile) {
  struct Row {
    std::string pattern;
    RegexFault fault;
  };
  std::string large;
  for (int i = 0; i < 40; ++i) large += "(a[bc]d){1000}";
  for (const Row& row :
       {Row{"/(", RegexFault::kSyntax}, Row{"/(?=x)", RegexFault::kUnsupported},
        Row{"/(a)\\1", RegexFault::kUnsupported}, Row{large, RegexFault::kTooLarge}}) {
    Regex::Problem problem;
    EXPECT_EQ(Regex::compile(row.pattern, &problem), nullptr);
    EXPECT_EQ(problem.fault, row.fault) << row.pattern.substr(0, 20);
    EXPECT_NE(problem.reason, "");
  }
}

TEST(Regex, TellsWhatGroupsTook) {
  auto regex = Regex::compile(R"(/u/(?<user>\w+)/(\d+))");
  ASSERT_NE(regex, nullptr);
  EXPECT_EQ(regex->group("/u/ann/17/x", "user"), "ann");
  EXPECT_EQ(regex->group("/u/ann/17/x", "2"), "17");
  EXPECT_EQ(regex->group("/u/ann/17/x", "0"), "/u/ann/17");
  EXPECT_EQ(regex->group("/u/ann/17/x", "other"), std::nullopt);
}

/// A budget for one test.
class Budget {
 public:
  explicit Budget(int64_t bytes) : before_(RegexMemory::left()) { RegexMemory::setLimit(bytes); }
  ~Budget() { RegexMemory::setLimit(before_); }

 private:
  int64_t before_;
};

TEST(Regex, WorksWithoutRoomInTheBudgetAndGivesBackWhatItTook) {
  constexpr int64_t kLimit = 300 << 10;  // a quarter of it is for single ones
  Budget budget(kLimit);
  {
    auto first = Regex::compile("/[a-z]+/x$");
    EXPECT_LT(RegexMemory::left(), kLimit);
    const int64_t left = RegexMemory::left();
    EXPECT_EQ(taken("/.*(a|b).{20}x$", "/" + std::string(300, 'a') + "x"),
              "/" + std::string(300, 'a') + "x");
    EXPECT_EQ(RegexMemory::left(), left);
    EXPECT_EQ(RegexSet::compile({first.get(), first.get()}), nullptr) << "no room for a set";
  }
  EXPECT_EQ(RegexMemory::left(), kLimit);
}

TEST(RegexSet, FindsThoseThatMatchTheBeginning) {
  std::vector<std::shared_ptr<const Regex>> regexes;
  std::vector<const Regex*> pointers;
  for (const char* pattern : {"/a", "/b", "/a(b|c)$", "/[a-z]+\xff?", "/\\d", "/.*c$"}) {
    regexes.push_back(Regex::compile(pattern));
    pointers.push_back(regexes.back().get());
  }
  auto set = RegexSet::compile(pointers);
  ASSERT_NE(set, nullptr);
  for (std::string text : {"/ab", "/abc", "/1", "/x\xff", "", "/", "b/a", "/ac"}) {
    std::vector<int> found, expected;
    ASSERT_TRUE(set->matchStart(text, found));
    size_t length = 0;
    for (int i = 0; i < 6; ++i) {
      if (pointers[static_cast<size_t>(i)]->matchStart(text, length)) expected.push_back(i);
    }
    EXPECT_EQ(found, expected) << text;
  }
}

}  // namespace
}  // namespace tollgate
