
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "source/base/json.h"

namespace tollgate {
namespace {

using Library = nlohmann::json;

/// Texts with every kind of value, and what is no JSON.
const std::vector<std::string> kTexts = {
    "null",
    "[true,false]",
    "[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615,18446744073709551616]",
    "[1.0,0.1,-0.0,1e300,1e-7,123456789012345680000.0,5e-324,1e400]",
    R"({"b":[],"a":{},"":{"x":[[]]}})",
    R"({"same":1,"same":{"b":[2]}})",
    R"(["é😀","\ud83d\ude00\u0001\u007f\b\f\n\r\t\"\\\/"])",
    "",
    "[1",
    "[1] x",
    "{\"a\":}",
    "[\"\xff\"]",
};

TEST(Json, ReadsAndWritesAsTheLibraryDoes) {
  for (const std::string& text : kTexts) {
    const Json json = Json::parse(text, nullptr, false);
    const Library library = Library::parse(text, nullptr, false);
    ASSERT_EQ(json.is_discarded(), library.is_discarded()) << text;
    if (json.is_discarded()) {
      EXPECT_THROW(Json::parse(text), JsonError) << text;
      continue;
    }
    EXPECT_EQ(json.dump(), library.dump());
    EXPECT_EQ(json.dump(2), library.dump(2));
    EXPECT_EQ(json.dump(1, '\t', true), library.dump(1, '\t', true));
    EXPECT_EQ(Json::to_cbor(json), Library::to_cbor(library)) << text;
    EXPECT_EQ(Json::from_cbor(Json::to_cbor(json)), json) << text;
  }
}

TEST(Json, WritesWhatIsNotUtf8AsTheLibraryDoes) {
  for (const std::string text : {"a\xff\xc3(z", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace),
              Library(text).dump(-1, ' ', false, Library::error_handler_t::replace));
    EXPECT_THROW(Json(text).dump(), JsonError);
  }
}

/// What both make of the same braces.
template <class T>
std::vector<std::string> fromBraces() {
  const T one = {{"a", 1}, {"b", {1, 2, 3}}, {"c", {{"x", nullptr}}}};
  const T two = {"x", "y"};
  const T three = {{"x", "y"}};
  const T four{{"x", "y"}, {"z", std::string("w")}, {"q", {}}};
  const T five = T::array({"x", "y"});
  const T six = {{{"k", 1}}, {{"l", 2u}}};
  const T seven = {{"a", "b", "c"}};
  const T eight{one};
  const T nine = {};
  T ten = T::object();
  ten.push_back({"k", 1.5});
  T eleven;
  eleven.push_back({{"m", true}});
  eleven.push_back("t");
  eleven.push_back({"r", 1});
  eleven.push_back(ten);
  const T twelve = {one, two};
  std::vector<std::string> out;
  for (const T& value :
       {one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve}) {
    out.push_back(value.dump());
  }
  return out;
}

TEST(Json, TakesBracesForWhatTheLibraryTakesThem) {
  EXPECT_EQ(fromBraces<Json>(), fromBraces<Library>());
}

TEST(Json, TakesContainers) {
  EXPECT_EQ(Json(std::vector<std::string>{"a", "b"}), (Json{"a", "b"}));
  EXPECT_EQ(Json(std::map<std::string, int>{{"a", 1}}), (Json{{"a", 1}}));
  EXPECT_EQ((Json{"a", "b"}).get<std::vector<std::string>>(), (std::vector<std::string>{"a", "b"}));
}

TEST(Json, ComparesNumbersByValueAndTheRestByType) {
  EXPECT_EQ(Json(1), Json(1u));
  EXPECT_EQ(Json(1), Json(1.0));
  EXPECT_NE(Json(1), Json("1"));
  EXPECT_NE(Json(1), Json(true));
  EXPECT_NE(Json(), Json(false));
  EXPECT_NE(Json(Json::value_t::discarded), Json(Json::value_t::discarded));
  EXPECT_NE(Json::array(), Json::object());
}

TEST(Json, EqualTextsAndContainersHaveEqualHashes) {
  const Json one = {{"a", {1u, "x"}}, {"b", nullptr}};
  EXPECT_EQ(one.hash(), Json(one).hash());
  EXPECT_EQ(one.hash(), Json::parse(one.dump()).hash());
  EXPECT_NE(one.hash(), Json({{"a", {1u, "y"}}, {"b", nullptr}}).hash());
  EXPECT_NE(Json("1").hash(), Json(1).hash());
}

TEST(Json, GoesOverItemsAndMembers) {
  Json object = {{"b", 2}, {"a", 1}};
  std::string seen;
  for (auto& [name, value] : object.items()) {
    seen += name + value.dump();
    value = 0;
  }
  EXPECT_EQ(seen, "a1b2");
  EXPECT_EQ(object, (Json{{"a", 0}, {"b", 0}}));
  const Json list = {"x", "y"};
  seen.clear();
  for (const auto& [index, value] : list.items()) seen += index + value.get<std::string>();
  for (const Json& item : list) seen += item.get<std::string>();
  EXPECT_EQ(seen, "0x1yxy");
  for (const Json& item : Json()) FAIL() << item;
}

TEST(Json, FindsAddsAndErases) {
  Json json;
  json["n"]["m"] = true;
  EXPECT_TRUE(json.emplace("k", "v"));
  EXPECT_FALSE(json.emplace("k", "w"));
  json.update({{"k", 1}, {"l", 2}});
  EXPECT_EQ(json.dump(), R"({"k":1,"l":2,"n":{"m":true}})");
  EXPECT_EQ(json.value("k", 0), 1);
  EXPECT_EQ(json.value("none", "text"), "text");
  EXPECT_EQ(json.find("none"), json.end());
  EXPECT_EQ(json.find("l").key(), "l");
  EXPECT_EQ(json.erase("l"), 1u);
  EXPECT_EQ(json.erase("l"), 0u);
  EXPECT_EQ(json.erase(json.find("k")).key(), "n");
  EXPECT_EQ(json.size(), 1u);
  Json list = {1, 2, 3};
  const auto second = list.erase(list.begin());
  EXPECT_EQ(*second, 2);
  list.insert(list.begin(), 0);
  list.erase(2);
  EXPECT_EQ(list, (Json{0, 2}));
}

TEST(Json, ThrowsWhereAValueIsNotWhatItIsAskedFor) {
  const Json json = {{"a", 1}};
  EXPECT_THROW(json.get<std::string>(), JsonError);
  EXPECT_THROW(json.at("b"), JsonError);
  EXPECT_THROW(json["b"], JsonError);
  EXPECT_THROW(json["a"].get<bool>(), JsonError);
  EXPECT_THROW(json["a"].value("b", 1), JsonError);
  EXPECT_THROW(Json({1, 2}).at(2), JsonError);
  EXPECT_THROW(Json("text")["a"] = 1, JsonError);
}

TEST(Json, EndsHoweverDeepItIs) {
  Json deep;
  for (int depth = 0; depth < 1000000; ++depth) {
    Json around = Json::array();
    around.push_back(std::move(deep));
    deep = std::move(around);
  }
  EXPECT_EQ(deep.size(), 1u);
}

}  // namespace
}  // namespace tollgate
