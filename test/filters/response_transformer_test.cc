#include <gtest/gtest.h>

#include "filters/http/response_transformer/json_steps.h"

namespace tollgate::filters::response_transformer {
namespace {

TEST(JsonSteps, AreDoneInOrder) {
  JsonSteps steps;
  steps.remove = {"gone"};
  steps.rename = {{"old", "new"}};
  steps.replace = {{"new", 7}, {"absent", 1}};
  steps.add = {{"gone", true}, {"new", 8}};
  steps.append = {{"list", "b"}, {"text", "b"}, {"fresh", "b"}};
  EXPECT_EQ(steps.apply(R"({"gone":1,"old":2,"list":["a"],"text":"a","e":[]})"),
            R"({"e":[],"fresh":["b"],"gone":true,"list":["a","b"],"new":7,"text":["a","b"]})");
}

TEST(JsonSteps, OnlyObjectsChange) {
  JsonSteps steps;
  steps.add = {{"a", 1}};
  EXPECT_EQ(steps.apply(R"([1, {"k":2}])"), R"([1, {"k":2}])");
  EXPECT_EQ(steps.apply("7"), "7");
  EXPECT_EQ(steps.apply("not json"), std::nullopt);
  EXPECT_EQ(steps.apply(""), std::nullopt);
  EXPECT_EQ(steps.apply(std::string(100'000, '[')), std::nullopt);
}

TEST(JsonSteps, ValuesHaveTypes) {
  EXPECT_EQ(valueOf("5", "number"), Json(5));
  EXPECT_EQ(valueOf(" 5.5 ", "number"), Json(5.5));
  EXPECT_EQ(valueOf("five", "number"), std::nullopt);
  EXPECT_EQ(valueOf("", "number"), std::nullopt);
  EXPECT_EQ(valueOf("nan", "number"), std::nullopt);
  EXPECT_EQ(valueOf("true", "boolean"), Json(true));
  EXPECT_EQ(valueOf("yes", "boolean"), Json(false));
  EXPECT_EQ(valueOf("5", "string"), Json("5"));
}

TEST(JsonSteps, JsonIsToldByContentType) {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8",
                           "text/plain, application/json", "application/*", "*/*"}) {
    EXPECT_TRUE(isJson(type)) << type;
  }
  for (const char* type : {"", "text/json", "application/vnd.api+json", "application/jsonx"}) {
    EXPECT_FALSE(isJson(type)) << type;
  }
}

}  // namespace
}  // namespace tollgate::filters::response_transformer
