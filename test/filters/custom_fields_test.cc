#include "filters/http/common/custom_fields.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "filters/http/common/json_writer.h"

namespace tollgate::filters {
namespace {

std::string applied(const std::map<std::string, std::string>& fields, std::string record) {
  CustomFields(fields).apply(record);
  return record;
}

TEST(CustomFields, AreSetAndTakenOutByTheirPaths) {
  EXPECT_EQ(applied({}, "{\"b\": 1}"), "{\"b\": 1}") << "nothing is read where nothing is set";
  EXPECT_EQ(applied({{"a", "return 'x'"}}, "{}"), R"({"a":"x"})");
  EXPECT_EQ(applied({{"a.b.c", "return 1"}}, "{}"), R"({"a":{"b":{"c":1}}})");
  EXPECT_EQ(applied({{"a\\.b", "return true"}}, "{}"), R"({"a.b":true})");
  EXPECT_EQ(applied({{"a.b", "return nil"}}, R"({"a":{"b":1,"c":2}})"), R"({"a":{"c":2}})");
  EXPECT_EQ(applied({{"no.such", "return nil"}}, R"({"a":1})"), R"({"a":1})");
}

TEST(CustomFields, LeaveOutWhatWouldStandBelowSomethingElseThanAnObject) {
  EXPECT_EQ(applied({{"a.b", "return 1"}}, R"({"a":"text"})"), R"({"a":"text"})");
}

TEST(JsonWriter, EscapesWhatJsonAndReceiversCannotHave) {
  std::string out;
  JsonWriter json(out);
  json.open('{');
  json.key("a").value("\"\\\n\x7f/\xC3\xA4\xFF");
  json.key("b").open('[');
  json.number(-1);
  json.raw("true");
  json.close(']');
  json.key("c").open('{');
  json.close('}');
  json.close('}');
  EXPECT_EQ(out,
            "{\"a\":\"\\\"\\\\\\u000a\\u007f/\xC3\xA4\xEF\xBF\xBD\",\"b\":[-1,true],\"c\":{}}");
}

}  // namespace
}  // namespace tollgate::filters
