#include <string>

#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

TEST_F(ApiTest, CoercesAFormByTheSchema) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  Response route = sendForm("POST", "/services/s/routes",
                            "name=r1&paths[]=/a&paths%5B%5D=/b&methods=GET&strip_path=false"
                            "&headers.x-a[]=1&headers[x-b][]=2&regex_priority=7&tags=");
  ASSERT_EQ(route.status, 201) << route.body;
  const Json body = json(route);
  EXPECT_EQ(body["paths"], Json({"/a", "/b"}));
  EXPECT_EQ(body["methods"], Json::array({"GET"}));
  EXPECT_EQ(body["strip_path"], false);
  EXPECT_EQ(body["regex_priority"], 7);
  EXPECT_EQ(body["headers"], Json::parse(R"({"x-a":["1"],"x-b":["2"]})"));
  EXPECT_EQ(body["tags"], nullptr);
}

TEST_F(ApiTest, ReadsNestedNamesOfAForm) {
  Json service = create("/services", {{"name", "s"}, {"host", "h"}});
  const auto id = service["id"].get<std::string>();
  for (std::string reference : {"service.id=", "service[id]=", "service%5Bid%5D="}) {
    Response route = sendForm("POST", "/routes", "hosts=a.test&" + reference + id);
    ASSERT_EQ(route.status, 201) << route.body;
    EXPECT_EQ(json(route)["service"]["id"], id);
  }
  Response plugin =
      sendForm("POST", "/plugins", "name=key-auth&config.key_names[1]=a&config.key_names[2]=b");
  ASSERT_EQ(plugin.status, 201) << plugin.body;
  EXPECT_EQ(json(plugin)["config"]["key_names"], Json({"a", "b"}));
  Response sparse = sendForm("POST", "/routes", "hosts[2]=a.test");
  EXPECT_EQ(json(sparse)["fields"]["hosts"], "expected an array");
  Response commas = sendForm("POST", "/routes", "methods=GET,POST");
  EXPECT_EQ(message(commas), "schema violation (methods.1: invalid value: GET,POST)");
  Response nameless = sendForm("POST", "/services", "host=h&[]=x&[1]=y");
  EXPECT_EQ(json(nameless)["fields"], Json({{"[]", "unknown field"}, {"[1]", "unknown field"}}));
  Response port = sendForm("POST", "/services", "host=h&port=x");
  EXPECT_EQ(message(port), "schema violation (port: expected an integer)");
}

TEST_F(ApiTest, ReadsMultipartBodies) {
  const std::string body =
      "--b1\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nmp\r\n"
      "--b1\r\nContent-Disposition: form-data; name=\"url\"; filename=\"u.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nhttp://a.test:81\r\n"
      "--b1\r\nContent-Disposition: form-data; name=\"tags\"\r\n"
      "Content-Type: application/json\r\n\r\n[\"x\",\"y\"]\r\n--b1--\r\n";
  Response made =
      send("POST", "/services", body, {{"Content-Type", "multipart/form-data; boundary=b1"}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json(made)["port"], 81);
  EXPECT_EQ(json(made)["tags"], Json({"x", "y"}));
}

TEST_F(ApiTest, DoesNotCoerceJson) {
  Response port = sendJson("POST", "/services", {{"host", "h"}, {"port", "80"}});
  EXPECT_EQ(message(port), "schema violation (port: expected an integer)");
  EXPECT_EQ(create("/services", {{"host", "h"}, {"port", 81.0}})["port"], 81);
}

TEST_F(ApiTest, Refuses415WhateverItCannotRead) {
  const Headers types[] = {{{"Content-Type", "text/plain"}}, {}};
  for (const Headers& headers : types) {
    for (const char* method : {"POST", "PUT", "PATCH"}) {
      const char* path = std::string_view(method) == "POST" ? "/services" : "/services/s";
      EXPECT_EQ(send(method, path, "host=h", headers).status, 415) << method;
    }
  }
  Response two = send("POST", "/services", "{}",
                      {{"Content-Type", "application/json"}, {"content-type", "text/plain"}});
  EXPECT_EQ(two.status, 400);
  EXPECT_EQ(two.body, "Multiple Content-Type headers not allowed");
}

TEST_F(ApiTest, NeedsABodyOnlyWhereATypeAnnouncesOne) {
  const Headers isJson = {{"Content-Type", "application/json; charset=utf-8"}};
  for (std::string body : {"", "{", "[1]", "1", "\"x\"", "{\"host\":\"h\"} x", "\xEF\xBB\xBF{}"}) {
    Response bad = send("POST", "/services", body, isJson);
    EXPECT_EQ(bad.status, 400) << body;
    EXPECT_EQ(bad.body, R"({"message":"Cannot parse JSON body"})") << body;
  }
  EXPECT_EQ(message(send("POST", "/services")), "schema violation (host: required field missing)");
  EXPECT_EQ(send("GET", "/services", "{", isJson).status, 200);
  EXPECT_EQ(send("DELETE", "/services/s", "{", isJson).status, 204);
}

TEST_F(ApiTest, RefusesJsonThatIsNestedWithoutEnd) {
  const Headers isJson = {{"Content-Type", "application/json"}};
  const std::string open(200000, '['), deep = open + std::string(open.size(), ']');
  EXPECT_EQ(send("POST", "/services", "{\"a\":" + open, isJson).status, 400);
  EXPECT_EQ(send("POST", "/services", "{\"name\":" + deep + "}", isJson).status, 400);
  EXPECT_EQ(send("POST", "/services",
                 "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n"
                 "Content-Type: application/json\r\n\r\n" +
                     deep + "\r\n--B--\r\n",
                 {{"Content-Type", "multipart/form-data; boundary=B"}})
                .status,
            400);
  const std::string jwk = R"({"kid":"a","jwk":"{\"kty\":)" + deep + "}\"}";
  EXPECT_EQ(message(send("POST", "/keys", jwk, isJson)),
            "schema violation (could not json decode jwk string)");
}

TEST_F(ApiTest, MediaTypesHaveNoCase) {
  const std::string body = R"({"host":"h"})";
  for (const char* type : {"APPLICATION/JSON", "Application/Json; charset=UTF-8"}) {
    EXPECT_EQ(send("POST", "/services", body, {{"Content-Type", type}}).status, 201) << type;
  }
  EXPECT_EQ(
      send("POST", "/services", "host=h", {{"Content-Type", "Application/X-WWW-Form-URLencoded"}})
          .status,
      201);
}

TEST_F(ApiTest, LimitsTheNamesOfFields) {
  const std::string name(1 << 20, '[');
  EXPECT_NE(message(sendForm("POST", "/services", name + "=1")).find("longer than 4096 bytes"),
            std::string::npos);
  EXPECT_EQ(status("GET", "/services?" + name), 200);
}

TEST_F(ApiTest, LimitsTheNumberOfArguments) {
  std::string many = "a=1";
  for (int i = 0; i < 1000; ++i) many += "&a=1";
  Response query = send("GET", "/services?" + many);
  EXPECT_EQ(query.status, 400);
  EXPECT_EQ(message(query), "Too many arguments");
  EXPECT_EQ(message(sendForm("POST", "/services", many)), "Too many arguments");
  many.resize(many.size() - 4);
  EXPECT_EQ(status("GET", "/services?" + many), 200);
}

}  // namespace
}  // namespace tollgate::admin
