#include "source/schema/form.h"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::schema {
namespace {

TEST(Form, PositionsOfAListMayComeInAnyOrder) {
  EXPECT_EQ(parseForm("paths[2]=/b&paths[1]=/a"), Json::parse(R"({"paths":["/a","/b"]})"));
  EXPECT_EQ(parseForm("s[2].port=2&s[1].port=1&s[2].ip=b&s[1].ip=a"),
            Json::parse(R"({"s":[{"port":"1","ip":"a"},{"port":"2","ip":"b"}]})"));
  EXPECT_EQ(parseForm("a[3]=c&a[1]=a&a[2]=b"), Json::parse(R"({"a":["a","b","c"]})"));
}

TEST(Form, AListWithGapsIsNone) {
  EXPECT_EQ(parseForm("a[2]=y"), Json::parse(R"({"a":{"2":"y"}})"));
  EXPECT_EQ(parseForm("a[1]=x&a[3]=z"), Json::parse(R"({"a":{"1":"x","3":"z"}})"));
  EXPECT_TRUE(parseForm("a.b[2].c=1")["a"]["b"].is_object());
}

TEST(Form, ValuesOfOneNameAreOneListHoweverTheyAreWritten) {
  for (const char* form : {"a=x&a=y", "a[]=x&a[]=y", "a=x&a[]=y", "a=x&a[1]=y", "a[1]=x&a[1]=y"}) {
    EXPECT_EQ(parseForm(form), Json::parse(R"({"a":["x","y"]})")) << form;
  }
}

TEST(Form, GapsAreNotPaidForInMemory) {
  std::string form;
  for (int i = 0; i < 1000; ++i) form += "n" + std::to_string(i) + "[9999]=x&";
  const Json fields = parseForm(form);
  ASSERT_EQ(fields.size(), 1000U);
  for (const Json& value : fields) EXPECT_EQ(value, Json({{"9999", "x"}}));
}

TEST(Form, RefusesMoreFieldsThanTheLimit) {
  std::string form;
  std::string parts;
  for (size_t i = 0; i <= kMaxFormFields; ++i) {
    form += "a" + std::to_string(i) + "=x&";
    parts +=
        "--b\r\nContent-Disposition: form-data; name=\"a" + std::to_string(i) + "\"\r\n\r\nx\r\n";
  }
  FormLimit over = FormLimit::kNone;
  EXPECT_EQ(parseForm(form, &over).size(), kMaxFormFields);
  EXPECT_EQ(over, FormLimit::kFields);
  over = FormLimit::kNone;
  EXPECT_FALSE(parseMultipart(parts + "--b--", "multipart/form-data; boundary=b", &over).ok());
  EXPECT_EQ(over, FormLimit::kFields);
}

/// Each bracket used to look for its end through all that follows: a megabyte of them took seconds,
/// and more of them would take hours.
TEST(Form, RefusesAMegabyteOfBracketsAtOnce) {
  const std::string name(8 << 20, '[');
  FormLimit over = FormLimit::kNone;
  EXPECT_EQ(parseForm(name + "=1", &over), Json::object());
  EXPECT_EQ(over, FormLimit::kNameLength);
  over = FormLimit::kNone;
  const std::string part =
      "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\nx\r\n--b--";
  EXPECT_FALSE(parseMultipart(part, "multipart/form-data; boundary=b", &over).ok());
  EXPECT_EQ(over, FormLimit::kNameLength);
  EXPECT_EQ(parseQuery(name), Json::object());
}

TEST(Form, ANameOfOpenBracketsIsTakenAsItIs) {
  const std::string name(kMaxFormNameBytes, '[');
  FormLimit over = FormLimit::kNone;
  EXPECT_EQ(parseForm(name + "=1", &over), Json({{name, "1"}}));
  EXPECT_EQ(over, FormLimit::kNone);
}

}  // namespace
}  // namespace tollgate::schema
