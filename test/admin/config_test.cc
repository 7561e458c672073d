#include <string>

#include "source/crypto/digest.h"
#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

class ConfigTest : public ApiTest {
 protected:
  ConfigTest() { context_.withDatabase = false; }

  Response post(const Json& config, const std::string& query = "") {
    return sendJson("POST", "/config" + query, {{"config", config}});
  }
};

constexpr const char* kTwo =
    "_format_version: '3.0'\nservices:\n- name: a\n  host: h\n- name: b\n  host: h\n";

TEST_F(ConfigTest, IsForNodesWithoutADatabase) {
  context_.withDatabase = true;
  for (const char* method : {"GET", "POST"}) {
    Response answer = send(method, "/config");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(message(answer),
              "this endpoint is only available when Kong is configured to not use a database");
  }
}

TEST_F(ConfigTest, ReplacesEverythingAndAnswersWithIt) {
  Response done = post(kTwo);
  ASSERT_EQ(done.status, 201) << done.body;
  Json services = json(done)["services"];
  ASSERT_EQ(services.size(), 2u);
  for (const auto& [id, service] : services.items()) {
    EXPECT_EQ(service["id"], id);
    EXPECT_FALSE(service.contains("path"));  // what is not set is left out
  }
  done = post("_format_version: '3.0'\nconsumers:\n- username: c\n");
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(get("/services")["data"], Json::array());
  EXPECT_EQ(get("/consumers")["data"].size(), 1u);
}

TEST_F(ConfigTest, TakesTextInEveryForm) {
  auto names = [&] { return get("/services")["data"].size(); };
  EXPECT_EQ(send("POST", "/config", kTwo, {{"Content-Type", "text/yaml"}}).status, 201);
  EXPECT_EQ(names(), 2u);
  EXPECT_EQ(
      sendJson("POST", "/config", {{"_format_version", "3.0"}, {"services", {{{"host", "h"}}}}})
          .status,
      201);
  EXPECT_EQ(names(), 1u);
  EXPECT_EQ(sendForm("POST", "/config",
                     "config=_format_version:%20%223.0%22%0Aservices:%0A-%20host:%20a%0A-%20host:"
                     "%20b%0A")
                .status,
            201);
  EXPECT_EQ(names(), 2u);
  EXPECT_EQ(send("POST", "/config",
                 "--x\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n"
                 "{\"_format_version\":\"3.0\"}\r\n--x--\r\n",
                 {{"Content-Type", "multipart/form-data; boundary=x"}})
                .status,
            201);
  EXPECT_EQ(names(), 0u);
  EXPECT_EQ(message(send("POST", "/config")), "expected a declarative configuration");
  EXPECT_EQ(message(sendForm("POST", "/config", "other=1")),
            "expected a declarative configuration");
  EXPECT_EQ(send("POST", "/config", "x", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(send("POST", "/services", "x", {{"Content-Type", "text/yaml"}}).status, 415);
}

TEST_F(ConfigTest, ChangesNothingWhereSomethingIsWrong) {
  ASSERT_EQ(post(kTwo).status, 201);
  Response bad = post("_format_version: '3.0'\nservices:\n- name: c\n  host: h\n- name: x\n");
  EXPECT_EQ(bad.status, 400);
  Json body = json(bad);
  EXPECT_EQ(body["code"], 14);
  EXPECT_EQ(body["name"], "invalid declarative configuration");
  EXPECT_EQ(body["fields"],
            Json::parse(R"({"services":[null,{"host":"required field missing"}]})"));
  EXPECT_EQ(body["message"],
            "declarative config is invalid: {services={[2]={host=\"required field missing\"}}}");
  EXPECT_FALSE(body.contains("flattened_errors"));
  EXPECT_EQ(get("/services")["data"].size(), 2u);
  Json told = json(post("_format_version: '3.0'\nservices:\n- name: x\n", "?flatten_errors=1"));
  EXPECT_EQ(told["fields"], Json::object());
  EXPECT_EQ(told["flattened_errors"][0]["entity"], Json({{"name", "x"}}));
  EXPECT_FALSE(json(post("{", "?flatten_errors=1")).contains("flattened_errors"));
}

TEST_F(ConfigTest, KnowsWhatItRunsByItsHash) {
  ASSERT_EQ(post(kTwo).status, 201);
  std::string hash = crypto::digest(crypto::Hash::kMd5, kTwo).hex();
  EXPECT_EQ(get("/status")["configuration_hash"], hash);
  EXPECT_EQ(post(kTwo).status, 201);
  Response same = post(kTwo, "?check_hash=1");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(post("_format_version: '3.0'\n", "?check_hash=1").status, 201);
  EXPECT_EQ(post("_format_version: nonsense\n").status, 400);
  EXPECT_EQ(get("/status")["configuration_hash"],
            crypto::digest(crypto::Hash::kMd5, "_format_version: '3.0'\n").hex());
}

TEST_F(ConfigTest, ReadsBackWhatItWasGiven) {
  ASSERT_EQ(post(kTwo).status, 201);
  Json services = get("/services");
  auto text = get("/config")["config"].get<std::string>();
  EXPECT_NE(text.find("_format_version: '3.0'\n"), std::string::npos);
  ASSERT_EQ(post("_format_version: '3.0'\n").status, 201);
  ASSERT_EQ(post(text).status, 201);
  EXPECT_EQ(get("/services"), services);
}

TEST_F(ConfigTest, RefusesEveryOtherWrite) {
  ASSERT_EQ(post(kTwo).status, 201);
  const std::tuple<const char*, const char*, Json, const char*> cases[] = {
      {"POST",
       "/services",
       {{"host", "h"}},
       "cannot create 'services' entities when not using a "
       "database"},
      {"PUT",
       "/services/a",
       {{"host", "h"}},
       "cannot create or update 'services' entities by "
       "'name' when not using a database"},
      {"PATCH",
       "/services/a",
       {{"port", 1}},
       "cannot update 'services' entities by 'name' when not "
       "using a database"},
      {"DELETE", "/services/a", Json::object(),
       "cannot remove 'services' entities by 'name' when "
       "not using a database"}};
  for (const auto& [method, path, body, text] : cases) {
    Response refused = sendJson(method, path, body);
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(message(refused), text);
    EXPECT_EQ(json(refused)["code"], 12);
  }
  EXPECT_EQ(sendJson("PATCH", "/services/none", {{"port", 1}}).status, 404);
  EXPECT_EQ(send("DELETE", "/services/none").status, 204);
  EXPECT_EQ(sendJson("POST", "/services", {{"port", 99999}, {"host", "h"}}).status, 400);
}

}  // namespace
}  // namespace tollgate::admin
