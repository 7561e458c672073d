#include "source/schema/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::schema {
namespace {

std::string nested(size_t depth, const std::string& core = "") {
  return std::string(depth, '[') + core + std::string(depth, ']');
}

TEST(JsonText, TakesDocumentsUpToTheDepthThatRecursionBears) {
  EXPECT_FALSE(parseJson(nested(kMaxJsonDepth)).is_discarded());
  EXPECT_TRUE(parseJson(nested(kMaxJsonDepth + 1)).is_discarded());
  EXPECT_TRUE(parseJson(nested(5000000)).is_discarded());
  EXPECT_TRUE(parseJson(std::string(5000000, '{')).is_discarded());
}

TEST(JsonText, CountsOnlyWhatNests) {
  std::string flat = "[";
  for (int i = 0; i < 5000; ++i) flat += "[],{},";
  EXPECT_FALSE(parseJson(flat + "0]").is_discarded());
  const std::string text = R"("a\"[)" + std::string(5000, '[') + R"(\\")";
  EXPECT_FALSE(parseJson(nested(kMaxJsonDepth, text)).is_discarded()) << "brackets in a string";
  EXPECT_TRUE(parseJson("]]]]").is_discarded());
}

}  // namespace
}  // namespace tollgate::schema
