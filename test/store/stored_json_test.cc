#include "source/store/stored_json.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace tollgate::store {
namespace {

/// As the usual parser has it, down to the kinds of the numbers and the text that they make.
void expectSame(const std::string& text) {
  const Json expected = Json::parse(text, nullptr, false);
  const Json found = parseStored(text);
  ASSERT_EQ(found.is_discarded(), expected.is_discarded()) << text.substr(0, 80);
  if (expected.is_discarded()) return;
  EXPECT_EQ(found, expected) << text.substr(0, 80);
  EXPECT_EQ(found.dump(), expected.dump());
  EXPECT_EQ(found.type(), expected.type()) << text.substr(0, 80);
}

TEST(StoredJson, IsTheSameAsTheUsualParserMakes) {
  for (const char* text : {
           R"j({"id":"a","name":null,"paths":["/a","~/b(?<c>d)"],"strip_path":true,"n":{"m":[]}})j",
           R"j({"z":1,"a":2,"m":{"y":[1,[2,[3]]],"b":{}}})j",
           R"j({"a":1,"b":2,"a":3})j",
           R"j({"text":"\u0000\u00e9\ud83d\ude00\n\"\\\/ caf\u00e9 café"})j",
           R"j({"":""})j",
           "{}",
           "[]",
           " {\"a\" : 1 }\n",
       }) {
    expectSame(text);
  }
}

TEST(StoredJson, KeepsTheKindsOfNumbers) {
  for (const char* number : {"0",
                             "1",
                             "-1",
                             "9223372036854775807",
                             "-9223372036854775808",
                             "9223372036854775808",
                             "18446744073709551615",
                             "18446744073709551616",
                             "-9223372036854775809",
                             "0.1",
                             "-0.0",
                             "1e3",
                             "1E-7",
                             "1.7976931348623157e308",
                             "5e-324",
                             "0.30000000000000004",
                             "1e400",
                             "01",
                             "1.",
                             "+1",
                             "NaN",
                             "12345678901234567890123"}) {
    expectSame(number);
    expectSame("[" + std::string(number) + "]");
    expectSame("{\"n\":" + std::string(number) + "}");
  }
  EXPECT_TRUE(parseStored("[1]")[0].is_number_unsigned());
  EXPECT_TRUE(parseStored("[-1]")[0].is_number_integer());
  EXPECT_TRUE(parseStored("[1.0]")[0].is_number_float());
}

TEST(StoredJson, RefusesWhatIsNoJson) {
  for (const char* text : {"", " ", "{", "}", "{\"a\":}", "{\"a\":1}x", "{'a':1}", "[1,]", "nul",
                           "\"\x80\"", "{\"a\":\"\xed\xa0\x80\"}", "\"\n\"", "[1 2]"}) {
    EXPECT_TRUE(parseStored(text).is_discarded()) << text;
    expectSame(text);
  }
  expectSame(std::string("{}\0", 3));
  expectSame(std::string("{\0}", 3));
  EXPECT_TRUE(parseColumn(std::nullopt).is_discarded());
}

TEST(StoredJson, TakesWhatIsLong) {
  expectSame("{\"long\":\"" + std::string(1 << 20, 'x') + "\"}");
  expectSame("{\"long\":\"" + std::string(1 << 20, 'x') + "\"");
  expectSame(R"({"a":1})");  // the one before is not held against it
}

/// What compares, copies or writes a document goes down it by recursion.
TEST(StoredJson, RefusesWhatIsTooDeep) {
  auto nested = [](size_t depth, const std::string& core) {
    return std::string(depth, '[') + core + std::string(depth, ']');
  };
  const std::string longText = '"' + std::string(1 << 17, 'x') + '"', bigNumber(30, '9');
  for (const std::string& core : {std::string(), longText, bigNumber}) {
    for (size_t depth : {10, 1000}) expectSame(nested(depth, core));
    for (size_t depth : {1100, 5000, 1000000}) {
      EXPECT_TRUE(parseStored(nested(depth, core)).is_discarded()) << depth;
    }
  }
}

TEST(StoredJson, IsParsedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) {
        const std::string text =
            R"({"t":)" + std::to_string(t) + R"(,"i":)" + std::to_string(i) + "}";
        EXPECT_EQ(parseStored(text).dump(), Json::parse(text).dump());
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tollgate::store
