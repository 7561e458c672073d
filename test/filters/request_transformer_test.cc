#include <gtest/gtest.h>

#include "filters/http/request_transformer/arguments.h"
#include "filters/http/request_transformer/body_steps.h"
#include "filters/http/request_transformer/steps.h"

namespace tollgate::filters::request_transformer {
namespace {

using templates::Template;

class Nothing final : public templates::Variables {
 public:
  templates::Value member(templates::Table, std::string_view name) override {
    return templates::Value::of(name);
  }
};

Steps::Change change(std::string name, std::string_view value) {
  return {std::move(name), Template(value)};
}

std::vector<Steps::Change> changes(std::initializer_list<std::pair<const char*, const char*>> all) {
  std::vector<Steps::Change> out;
  for (const auto& [name, value] : all) out.push_back(change(name, value));
  return out;
}

struct Outcome {
  std::string body, failure;
};

/// The body that results, or "=" where it stays.
Outcome apply(const Steps& steps, std::string_view type, const std::string& body) {
  Nothing variables;
  Arena arena;
  Rendering render(variables, arena);
  auto changed = transformBody(steps, bodyTypeOf(type), type, body, render);
  return {changed.value_or("="), render.failed() ? render.failure() : ""};
}

Steps everyStep() {
  Steps steps;
  steps.remove = {"g"};
  steps.rename = {{"f", "z"}};
  steps.replace = changes({{"z", "rep"}, {"no", "x"}});
  steps.add = changes({{"g", "back"}, {"z", "not"}});
  steps.append = changes({{"z", "app"}, {"new", "$(headers.one)"}});
  return steps;
}

TEST(Arguments, AreDecodedAndEncodedAgain) {
  Arguments all("b=2&a=1&a=%20x+y&c&%5B=1&");
  EXPECT_EQ(all.inOrder(), "b=2&a=1&a=%20x%20y&c&%5B=1");
  EXPECT_EQ(all.sorted(), "%5B=1&a=1&a=%20x%20y&b=2&c");
  EXPECT_TRUE(all.has("["));
  all.remove("[");
  all.rename("a", "b");
  EXPECT_EQ(all.sorted(), "b=1&b=%20x%20y&c");
  all.rename("b", "b");
  all.append("c", "first");
  all.append("c", "second");
  all.set("b", "&=");
  EXPECT_EQ(all.sorted(), "b=%26%3D&c=first&c=second");
  all.join(Arguments("b=2&d"));
  EXPECT_EQ(all.inOrder(), "b=%26%3D&b=2&c=first&c=second&d");
}

TEST(Arguments, OfAnyNumberAreFoundByName) {
  constexpr int kMany = 200'000;
  std::string text;
  for (int i = 0; i < kMany; ++i) text += "n" + std::to_string(i) + "=1&";
  Arguments all(text);  // would not end if each name were looked for among all before it
  EXPECT_TRUE(all.has("n0") && all.has("n199999"));
  all.remove("n1");
  all.rename("n2", "m2");
  all.set("n3", "x");
  EXPECT_FALSE(all.has("n1") || all.has("n2"));
  EXPECT_TRUE(all.inOrder().starts_with("n0=1&n3=x&n4=1&"));
  EXPECT_TRUE(all.inOrder().ends_with("&n199999=1&m2=1"));
}

TEST(BodySteps, TypesAreToldByWhatTheyContain) {
  EXPECT_EQ(bodyTypeOf("APPLICATION/json; charset=utf-8"), BodyType::kJson);
  EXPECT_EQ(bodyTypeOf("multipart/form-data; boundary=b"), BodyType::kMultipart);
  EXPECT_EQ(bodyTypeOf("application/x-www-form-urlencoded"), BodyType::kForm);
  EXPECT_EQ(bodyTypeOf("application/vnd.api+json"), BodyType::kOther);
  EXPECT_EQ(bodyTypeOf(""), BodyType::kOther);
}

TEST(BodySteps, JsonIsChangedInTheOrderOfTheSteps) {
  EXPECT_EQ(apply(everyStep(), "application/json", R"({"f":1,"g":{"h":2},"k":[]})").body,
            R"({"g":"back","k":[],"new":["one"],"z":["rep","app"]})");
  EXPECT_EQ(apply(everyStep(), "application/json", "").body,
            R"({"g":"back","new":["one"],"z":["not","app"]})");
}

TEST(BodySteps, WhatIsNoObjectStays) {
  for (const char* body : {"[1,2]", "\"text\"", "5", "null", "bad", "{\"a\":"}) {
    EXPECT_EQ(apply(everyStep(), "application/json", body).body, "=") << body;
  }
  Steps steps;
  steps.remove = {"a"};
  EXPECT_EQ(apply(steps, "application/json", "").body, "=");
  EXPECT_EQ(apply(steps, "application/json", R"({"b": 1})").body, "=") << "nothing has changed";
}

TEST(BodySteps, FalseCountsAsAbsentAndNullDoesNot) {
  Steps steps;
  steps.add = changes({{"a", "1"}, {"b", "1"}});
  EXPECT_EQ(apply(steps, "application/json", R"({"a":false,"b":null})").body,
            R"({"a":"1","b":null})");
}

TEST(BodySteps, AppendMakesLists) {
  Steps steps;
  steps.append = changes({{"a", "x"}});
  EXPECT_EQ(apply(steps, "application/json", R"({"a":"s"})").body, R"({"a":["s","x"]})");
  EXPECT_EQ(apply(steps, "application/json", R"({"a":[1]})").body, R"({"a":[1,"x"]})");
  EXPECT_EQ(apply(steps, "application/json", R"({"a":7})").body, R"({"a":["x"]})");
  EXPECT_EQ(apply(steps, "application/json", R"({"a":{"b":1}})").body, R"({"a":{"1":"x","b":1}})");
}

TEST(BodySteps, FormsAreChangedAlike) {
  EXPECT_EQ(apply(everyStep(), "application/x-www-form-urlencoded", "f=1&g=2&f=3").body,
            "z=rep&z=app&g=back&new=one");
  Steps steps;
  steps.remove = {"a"};
  EXPECT_EQ(apply(steps, "application/x-www-form-urlencoded", "b=+").body, "=");
}

std::string part(const std::string& name, const std::string& value) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

TEST(BodySteps, PartsOfFormsKeepTheirPlace) {
  const std::string type = "multipart/form-data; boundary=XX";
  EXPECT_EQ(apply(everyStep(), type, part("f", "1") + part("g", "2") + "--XX--\r\n").body,
            part("z", "rep") + part("g", "back") + "--XX--\r\n");
  Steps steps;
  steps.rename = {{"f", "g"}};
  EXPECT_EQ(
      apply(steps, type, part("g", "2") + part("k", "3") + part("f", "1") + "--XX--\r\n").body,
      part("g", "1") + part("k", "3") + "--XX--\r\n");
  steps = {};
  steps.add = changes({{"a\"b", "1"}});
  EXPECT_EQ(apply(steps, type, "no form").body, part("a%22b", "1") + "--XX--\r\n");
  EXPECT_EQ(apply(steps, "multipart/form-data", "no boundary").body, "=");
}

TEST(BodySteps, NoValueBreaksOutOfItsPart) {
  Steps steps;
  steps.add =
      changes({{"a", "x\r\n--XX\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n1"}});
  const Outcome out = apply(steps, "multipart/form-data; boundary=XX", "--XX--\r\n");
  EXPECT_EQ(out.body, "=");
  EXPECT_NE(out.failure.find("boundary"), std::string::npos);
}

TEST(BodySteps, AFailedTemplateIsNamed) {
  Steps steps;
  steps.add = changes({{"a", "$(nothing.at.all)"}});
  const Outcome out = apply(steps, "application/json", "{}");
  EXPECT_EQ(out.body, "=");
  EXPECT_EQ(out.failure,
            "failed to render the template $(nothing.at.all), error:attempt to index a nil value");
}

}  // namespace
}  // namespace tollgate::filters::request_transformer
