#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

constexpr char kId[] = "11111111-2222-4333-8444-555555555555";
constexpr char kMissing[] = "99999999-2222-4333-8444-555555555555";

TEST_F(ApiTest, CreatesAServiceWithAllDefaultsPrinted) {
  Json service =
      create("/services", {{"name", "svc"}, {"url", "http://httpbin.test:8080/anything"}});
  EXPECT_EQ(service.erase("id"), 1u);
  EXPECT_EQ(service, Json::parse(R"({"created_at":1700000000,"updated_at":1700000000,"name":"svc",
      "retries":5,"protocol":"http","host":"httpbin.test","port":8080,"path":"/anything",
      "connect_timeout":60000,"write_timeout":60000,"read_timeout":60000,"tags":null,
      "client_certificate":null,"tls_verify":null,"tls_verify_depth":null,"ca_certificates":null,
      "enabled":true})"));
}

TEST_F(ApiTest, FindsAnEntityByIdInAnyCaseByNameAndBehindATrailingSlash) {
  create("/services",
         {{"id", "ABCDEF00-0000-4000-8000-000000000001"}, {"name", "s"}, {"host", "h"}});
  const Json byName = get("/services/s");
  EXPECT_EQ(byName["id"], "abcdef00-0000-4000-8000-000000000001");
  EXPECT_EQ(get("/services/ABCDEF00-0000-4000-8000-000000000001"), byName);
  EXPECT_EQ(get("/services/abcdef00-0000-4000-8000-000000000001/"), byName);
  EXPECT_EQ(get("/services/%73"), byName);
  Response missing = send("GET", "/services/other");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"message":"Not found"})");
}

TEST_F(ApiTest, RefusesADuplicateNameAndADuplicateId) {
  create("/services", {{"id", kId}, {"name", "foo"}, {"host", "h"}});
  Response name = sendJson("POST", "/services", {{"name", "foo"}, {"host", "h"}});
  EXPECT_EQ(name.status, 409);
  EXPECT_EQ(json(name), Json::parse(R"j({"message":"UNIQUE violation detected on '{name=\"foo\"}'",
      "name":"unique constraint violation","fields":{"name":"foo"},"code":5})j"));
  Response id = sendJson("POST", "/services", {{"id", kId}, {"host", "h"}});
  EXPECT_EQ(id.status, 400);
  EXPECT_EQ(json(id)["code"], 3);
  EXPECT_EQ(json(id)["fields"], Json({{"id", kId}}));
}

TEST_F(ApiTest, PutReplacesEverythingAndPatchMerges) {
  create("/services", {{"name", "s"}, {"host", "a"}, {"path", "/x"}, {"tags", {"t"}}});
  const std::string id = get("/services/s")["id"].get<std::string>();
  context_.time += 100;
  Response patched = sendJson("PATCH", "/services/s", {{"host", "b"}, {"id", kMissing}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(json(patched)["id"], id);
  EXPECT_EQ(json(patched)["path"], "/x");
  EXPECT_EQ(json(patched)["host"], "b");
  EXPECT_EQ(json(patched)["created_at"], 1700000000);
  EXPECT_EQ(json(patched)["updated_at"], 1700000100);
  context_.time += 100;
  Response put = sendJson("PUT", "/services/s", {{"host", "c"}, {"name", "other"}});
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(json(put)["id"], id);
  EXPECT_EQ(json(put)["name"], "s");
  EXPECT_EQ(json(put)["path"], nullptr);
  EXPECT_EQ(json(put)["tags"], nullptr);
  EXPECT_EQ(json(put)["created_at"], 1700000200);
}

TEST_F(ApiTest, PutCreatesWhatIsNotThere) {
  Response byId =
      sendJson("PUT", std::string("/services/") + kId, {{"host", "h"}, {"id", kMissing}});
  ASSERT_EQ(byId.status, 200) << byId.body;
  EXPECT_EQ(json(byId)["id"], kId);
  Response byName = sendJson("PUT", "/consumers/bob", {{"custom_id", "7"}});
  ASSERT_EQ(byName.status, 200) << byName.body;
  EXPECT_EQ(json(byName)["username"], "bob");
  EXPECT_EQ(json(byName)["custom_id"], "7");
}

/// Another node may write the same between the look and the write.
TEST_F(ApiTest, EqualPutsOfTwoNodesBothSucceed) {
  const Json body = {{"custom_id", "c"}};
  context_.beforeCommit = [&] { EXPECT_EQ(sendJson("PUT", "/consumers/a", body).status, 200); };
  Response second = sendJson("PUT", "/consumers/a", body);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(get("/consumers")["data"], Json::array({json(second)}));
  // Another consumer with the custom_id stays a conflict.
  EXPECT_EQ(sendJson("PUT", "/consumers/b", body).status, 409);
}

TEST_F(ApiTest, APutGoesOnWhereAnotherNodeReplacesTheEntity) {
  create("/consumers", {{"username", "a"}});
  context_.beforeCommit = [&] {
    EXPECT_EQ(status("DELETE", "/consumers/a"), 204);
    create("/consumers", {{"username", "a"}});
  };
  EXPECT_EQ(sendJson("PUT", "/consumers/a", {{"custom_id", "c"}}).status, 200);
  EXPECT_EQ(get("/consumers")["data"].size(), 1u);
}

TEST_F(ApiTest, AWriteThatIsNotLiveSaysSo) {
  context_.laggards = "revision 1 is stored, but 1 of 2 workers did not take it over";
  Response made = sendJson("POST", "/consumers", {{"username", "a"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(header(made, "Warning"), "199 tollgate \"" + context_.laggards + "\"");
  EXPECT_EQ(header(send("GET", "/consumers"), "Warning"), "");
  context_.laggards = "";
  EXPECT_EQ(header(send("DELETE", "/consumers/a"), "Warning"), "");
}

TEST_F(ApiTest, WarnsOfWhatIsWrittenButNotServed) {
  Response made = sendJson("POST", "/services", {{"host", "h"}, {"protocol", "tcp"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(header(made, "Warning"), "199 tollgate \"no \\\"tcp\\\" here\"");
  EXPECT_EQ(header(sendJson("POST", "/services", {{"host", "h"}}), "Warning"), "");
}

TEST_F(ApiTest, RefusesTextWithNul) {
  EXPECT_EQ(sendJson("POST", "/consumers", {{"username", std::string("a\0", 2)}}).status, 400);
  EXPECT_EQ(message(sendForm("POST", "/consumers", "custom_id=a%00b")),
            "schema violation (custom_id: must not contain a NUL character)");
}

TEST_F(ApiTest, APluginsConfigCannotBecomeNull) {
  const Json made = create("/plugins", {{"name", "key-auth"}});
  Response refused =
      sendJson("PATCH", "/plugins/" + made["id"].get<std::string>(), {{"config", nullptr}});
  EXPECT_EQ(message(refused), "schema violation (config: required field missing)");
}

TEST_F(ApiTest, NamesFirstWhatDecidesTheRest) {
  EXPECT_EQ(json(sendJson("POST", "/vaults", Json::object()))["fields"],
            Json({{"name", "required field missing"}}));
  EXPECT_NE(message(sendJson("POST", "/plugins", {{"name", ""}})).find("plugin '' not enabled"),
            std::string::npos);
}

TEST_F(ApiTest, PatchOfWhatIsNotThereSaysMoreThanGet) {
  Response byId = sendJson("PATCH", std::string("/services/") + kMissing, Json::object());
  EXPECT_EQ(byId.status, 404);
  EXPECT_EQ(json(byId)["code"], 6);
  EXPECT_EQ(message(byId),
            std::string("could not find the entity with primary key '{id=\"") + kMissing + "\"}'");
  Response byName = sendJson("PATCH", "/services/x", Json::object());
  EXPECT_EQ(message(byName), "could not find the entity with '{name=\"x\"}'");
  EXPECT_EQ(json(byName)["fields"], Json({{"name", "x"}}));
  Response plugin = sendJson("PATCH", std::string("/plugins/") + kMissing, {{"enabled", false}});
  EXPECT_EQ(plugin.status, 404);
  EXPECT_EQ(plugin.body, R"({"message":"Not found"})");
}

TEST_F(ApiTest, DeletesWithoutABodyWhetherThereIsSomethingOrNot) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  Response first = send("DELETE", "/services/s");
  EXPECT_EQ(first.status, 204);
  EXPECT_EQ(first.body, "");
  EXPECT_EQ(header(first, "Content-Length"), "");
  EXPECT_EQ(header(first, "Content-Type"), "");
  EXPECT_EQ(status("DELETE", "/services/s"), 204);
  EXPECT_EQ(status("GET", "/services/s"), 404);
}

TEST_F(ApiTest, RefusesToDeleteAServiceThatRoutesUse) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  create("/services/s/routes", {{"name", "r"}, {"paths", {"/"}}});
  Response refused = send("DELETE", "/services/s");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(json(refused),
            Json::parse(
                R"j({"message":"an existing 'routes' entity references this 'services' entity",
      "name":"foreign key violation","fields":{"@referenced_by":"routes"},"code":4})j"));
  EXPECT_EQ(status("DELETE", "/routes/r"), 204);
  EXPECT_EQ(status("DELETE", "/services/s"), 204);
}

TEST_F(ApiTest, DeletesWhatBelongsToAConsumerWithIt) {
  create("/consumers", {{"username", "bob"}});
  create("/consumers/bob/key-auth", {{"key", "k"}});
  EXPECT_EQ(status("GET", "/key-auths/k"), 200);
  EXPECT_EQ(status("DELETE", "/consumers/bob"), 204);
  EXPECT_EQ(status("GET", "/key-auths/k"), 404);
}

TEST_F(ApiTest, ResolvesReferencesByIdAndByName) {
  create("/services", {{"id", kId}, {"name", "svc"}, {"host", "h"}});
  Json route = create("/routes", {{"paths", {"/"}}, {"service", {{"name", "svc"}}}});
  EXPECT_EQ(route["service"], Json({{"id", kId}}));

  Response unknown = sendJson("POST", "/routes", {{"paths", {"/"}}, {"service", {{"name", "x"}}}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(json(unknown)["code"], 13);
  EXPECT_EQ(message(unknown),
            "foreign key unresolved (service.name: the foreign key cannot be resolved with "
            "'{name=\"x\"}' for an existing 'services' entity)");

  Response missing =
      sendJson("POST", "/routes", {{"paths", {"/"}}, {"service", {{"id", kMissing}}}});
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(json(missing)["code"], 4);
  EXPECT_EQ(json(missing)["fields"], Json({{"service", {{"id", kMissing}}}}));

  Response text = sendJson("POST", "/routes", {{"paths", {"/"}}, {"service", kId}});
  EXPECT_EQ(message(text), "schema violation (service.id: missing primary key)");
}

TEST_F(ApiTest, NamesTheKeyThatIsMalformed) {
  Response name = send("GET", "/services/a%20b");
  EXPECT_EQ(name.status, 400);
  EXPECT_EQ(json(name)["code"], 10);
  EXPECT_EQ(json(name)["name"], "invalid unique name");
}

TEST_F(ApiTest, NestedCollectionsForceTheReferenceOfTheirPath) {
  Json service = create("/services", {{"name", "s"}, {"host", "h"}});
  create("/services", {{"name", "t"}, {"host", "h"}});
  Json route = create("/services/s/routes",
                      {{"name", "r"}, {"paths", {"/"}}, {"service", {{"id", kMissing}}}});
  EXPECT_EQ(route["service"]["id"], service["id"]);
  EXPECT_EQ(get("/services/s/routes")["data"].size(), 1u);
  EXPECT_EQ(get("/services/t/routes")["data"].size(), 0u);
  EXPECT_EQ(get("/services/s/routes/r"), route);
  EXPECT_EQ(status("GET", "/services/t/routes/r"), 404);
  EXPECT_EQ(status("GET", "/services/none/routes"), 404);
  EXPECT_EQ(sendJson("PATCH", "/services/t/routes/r", {{"paths", {"/x"}}}).status, 404);
  EXPECT_EQ(status("DELETE", "/services/t/routes/r"), 404);

  Response detached = sendJson("PATCH", "/services/s/routes/r", {{"service", nullptr}});
  ASSERT_EQ(detached.status, 200) << detached.body;
  EXPECT_EQ(json(detached)["service"], nullptr);
  Response put = sendJson("PUT", "/services/t/routes/r", {{"paths", {"/"}}});
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(json(put)["id"], route["id"]);
  EXPECT_EQ(json(put)["service"]["id"], get("/services/t")["id"]);
  EXPECT_EQ(status("DELETE", "/services/t/routes/r"), 204);
  EXPECT_EQ(status("DELETE", "/services/t/routes/r"), 404);
}

TEST_F(ApiTest, ReachesTheReferredEntityThroughItsReferrer) {
  create("/routes", {{"name", "r"}, {"paths", {"/"}}});
  EXPECT_EQ(status("GET", "/routes/r/service"), 404);
  EXPECT_EQ(sendJson("PATCH", "/routes/r/service", {{"host", "x"}}).status, 404);
  EXPECT_EQ(status("DELETE", "/routes/r/service"), 404);

  Response created = sendJson("PUT", "/routes/r/service", {{"name", "s"}, {"host", "h"}});
  ASSERT_EQ(created.status, 200) << created.body;
  EXPECT_EQ(get("/routes/r")["service"]["id"], json(created)["id"]);
  EXPECT_EQ(get("/routes/r/service"), get("/services/s"));

  Response patched = sendJson("PATCH", "/routes/r/service", {{"port", 81}});
  EXPECT_EQ(json(patched)["port"], 81);
  Response replaced = sendJson("PUT", "/routes/r/service", {{"host", "i"}});
  EXPECT_EQ(json(replaced)["id"], json(created)["id"]);
  EXPECT_EQ(json(replaced)["name"], nullptr);
  Response removed = send("DELETE", "/routes/r/service");
  EXPECT_EQ(removed.status, 405);
  EXPECT_EQ(removed.body, R"({"message":"Method not allowed"})");
}

TEST_F(ApiTest, LinksANewServiceAndItsRouteInOneRevision) {
  create("/routes", {{"name", "r"}, {"paths", {"/"}}});
  const auto before = context_.store().revision().value();
  ASSERT_EQ(sendJson("PUT", "/routes/r/service", {{"host", "h"}}).status, 200);
  EXPECT_EQ(context_.store().revision().value(), before + 1);
}

TEST_F(ApiTest, RefusesTheSamePluginTwiceInOnePlace) {
  Json service = create("/services", {{"name", "s"}, {"host", "h"}});
  create("/services/s/plugins", {{"name", "key-auth"}});
  Response twice = sendJson("POST", "/services/s/plugins", {{"name", "key-auth"}});
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(json(twice)["fields"], Json({{"name", "key-auth"},
                                         {"consumer", nullptr},
                                         {"route", nullptr},
                                         {"service", {{"id", service["id"]}}}}));
  EXPECT_EQ(message(twice),
            "UNIQUE violation detected on '{consumer=null,name=\"key-auth\","
            "route=null,service={id=\"" +
                service["id"].get<std::string>() + "\"}}'");
  create("/plugins", {{"name", "key-auth"}});
}

TEST_F(ApiTest, MergesAPluginsConfigDeeplyOnPatch) {
  Json plugin = create("/plugins", {{"name", "rate-limiting"}, {"config", {{"minute", 5}}}});
  const std::string path = "/plugins/" + plugin["id"].get<std::string>();
  Response patched = sendForm("PATCH", path, "config.hour=100&config.minute=");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(json(patched)["config"]["hour"], 100);
  EXPECT_EQ(json(patched)["config"]["minute"], nullptr);
  EXPECT_EQ(json(patched)["config"]["limit_by"], "consumer");
  Response unknown = sendJson("PATCH", path, {{"foo", "bar"}});
  EXPECT_EQ(message(unknown), "schema violation (foo: unknown field)");
  Response dotted = sendJson("PATCH", path, {{"config.minute", 5}});
  EXPECT_EQ(message(dotted), "schema violation (config.minute: unknown field)");
}

TEST_F(ApiTest, APluginMustShareAProtocolWithWhatItIsBoundTo) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  create("/services/s/routes", {{"name", "r"}, {"paths", {"/"}}, {"protocols", {"http"}}});
  const Json body = {{"name", "key-auth"}, {"protocols", {"grpc"}}};
  Response route = sendJson("POST", "/routes/r/plugins", body);
  EXPECT_EQ(route.status, 400);
  EXPECT_EQ(json(route)["fields"]["protocols"], "must match the associated route's protocols");
  Response service = sendJson("POST", "/services/s/plugins", body);
  EXPECT_EQ(json(service)["fields"]["protocols"],
            "must match the protocols of at least one route pointing to this Plugin's service");
  create("/routes/r/plugins", {{"name", "key-auth"}, {"protocols", {"grpc", "http"}}});
}

TEST_F(ApiTest, GeneratesKeysAndFindsThemUnderTheirConsumer) {
  Json bob = create("/consumers", {{"username", "bob"}});
  Response made = send("POST", "/consumers/bob/key-auth");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = json(made)["key"].get<std::string>();
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(json(made)["ttl"], nullptr);
  EXPECT_FALSE(json(made).contains("updated_at"));
  EXPECT_EQ(get("/consumers/bob/key-auth/" + key), json(made));
  EXPECT_EQ(get("/key-auths/" + key + "/consumer"), bob);
  Response taken =
      sendJson("POST", "/key-auths",
               {{"id", json(made)["id"]}, {"key", "x"}, {"consumer", {{"username", "bob"}}}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(json(taken)["fields"], Json({{"key", "x"}}));
}

TEST_F(ApiTest, HidesACredentialWhenItsLifetimeEnds) {
  create("/consumers", {{"username", "bob"}});
  create("/consumers/bob/key-auth", {{"key", "k"}, {"ttl", 60}});
  EXPECT_EQ(get("/key-auths/k")["ttl"], 59);
  context_.time += 30;
  EXPECT_EQ(json(sendJson("PATCH", "/key-auths/k", {{"tags", {"x"}}}))["ttl"], 29);
  context_.time += 30;
  EXPECT_EQ(status("GET", "/key-auths/k"), 404);
  EXPECT_EQ(get("/key-auths")["data"], Json::array());
  Json again = create("/consumers/bob/key-auth", {{"key", "k"}, {"ttl", 10}});
  context_.time += 10;
  Response put = sendJson("PUT", "/consumers/bob/key-auth/k", Json::object());
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_NE(json(put)["id"], again["id"]);
  EXPECT_EQ(get("/key-auths")["data"].size(), 1u);
  Response bad = sendJson("POST", "/consumers/bob/key-auth", {{"ttl", -1}});
  EXPECT_EQ(json(bad)["code"], 11);
  EXPECT_EQ(message(bad), "invalid option (ttl: must be an integer between 0 and 100000000)");
}

TEST_F(ApiTest, OffersCredentialEndpointsOnlyWhereThePluginMayRun) {
  context_.unlisted = {"key-auth"};
  Api api(context_);
  EXPECT_EQ(api.handle({"GET", "/key-auths", {}, "", ""}).status, 404);
  EXPECT_EQ(status("GET", "/key-auths"), 200);
}

TEST_F(ApiTest, RecordsWhoAskedAndForWhat) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  ASSERT_EQ(context_.reasons.size(), 1u);
  EXPECT_EQ(context_.reasons[0].actor, "admin");
  EXPECT_EQ(context_.reasons[0].address, "127.0.0.1");
  EXPECT_EQ(context_.reasons[0].text, "POST /services");
}

TEST_F(ApiTest, RefusesWritesWithoutADatabaseAfterValidation) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  context_.withDatabase = false;
  EXPECT_EQ(status("GET", "/services/s"), 200);
  EXPECT_EQ(sendJson("POST", "/services", Json::object()).status, 400);
  EXPECT_EQ(status("DELETE", "/services/none"), 204);
  EXPECT_EQ(sendJson("PATCH", "/services/none", Json::object()).status, 404);
  const std::pair<const char*, const char*> cases[] = {
      {"PUT", "cannot create or update 'services' entities by 'name' when not using a database"},
      {"PATCH", "cannot update 'services' entities by 'name' when not using a database"},
      {"DELETE", "cannot remove 'services' entities by 'name' when not using a database"}};
  for (const auto& [method, text] : cases) {
    Response refused = sendJson(method, "/services/s", {{"host", "h"}});
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(json(refused)["code"], 12) << method;
    EXPECT_EQ(message(refused), text);
  }
  Response post = sendJson("POST", "/services", {{"host", "h"}});
  EXPECT_EQ(message(post), "cannot create 'services' entities when not using a database");
  Response byId = sendJson("PUT", std::string("/services/") + kId, {{"host", "h"}});
  EXPECT_EQ(message(byId), "cannot create or update 'services' entities when not using a database");
}

TEST_F(ApiTest, Says503AndWhyWhenTheStoreIsOutOfReach) {
  create("/services", {{"name", "s"}, {"host", "h"}});
  context_.reachable = false;
  const Response answers[] = {send("GET", "/services"),
                              send("GET", "/services/s"),
                              sendJson("POST", "/services", {{"host", "h"}}),
                              sendJson("PATCH", "/services/s", {{"host", "h"}}),
                              send("DELETE", "/services/s"),
                              send("GET", "/tags"),
                              send("GET", "/services/s/routes"),
                              send("GET", "/")};
  for (const Response& answer : answers) {
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(message(answer), "cannot reach the database: connection refused");
  }
  EXPECT_FALSE(context_.errors.empty());
  context_.reachable = true;
  EXPECT_EQ(status("GET", "/services/s"), 200);
}

TEST_F(ApiTest, RefusesStoredFormsFromClients) {
  create("/consumers", {{"username", "a"}});
  const char* form = "$tollgate$sha256$AAAA";
  for (const Response& response : {sendJson("POST", "/consumers/a/key-auth", {{"key", form}}),
                                   sendForm("POST", "/consumers/a/key-auth", "key=%24tollgate%24x"),
                                   send("PUT", std::string("/consumers/a/key-auth/") + form),
                                   sendJson("POST", "/consumers/a/jwt", {{"secret", form}})}) {
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_NE(message(response).find("must not begin with $tollgate$"), std::string::npos)
        << response.body;
  }
  Json made = create("/consumers/a/key-auth", {{"key", "k1"}});
  Response patched =
      sendJson("PATCH", "/key-auths/" + made["id"].get<std::string>(), {{"key", form}});
  EXPECT_EQ(patched.status, 400) << patched.body;
}

TEST_F(ApiTest, KeepsKeysInPathsOutOfTheHistory) {
  create("/consumers", {{"username", "a"}});
  for (const char* path : {"/consumers/a/key-auth/sekret", "/key-auths/sekret?x=sekret"}) {
    EXPECT_EQ(sendJson("PUT", path, {{"consumer", {{"username", "a"}}}}).status, 200) << path;
    EXPECT_EQ(context_.reasons.back().text.find("sekret"), std::string::npos) << path;
  }
  EXPECT_EQ(context_.reasons.back().text, "PUT /key-auths/***");
  EXPECT_EQ(sendJson("PUT", "/services/s?x=1", {{"host", "h"}}).status, 200);
  EXPECT_EQ(context_.reasons.back().text, "PUT /services/s");
}

}  // namespace
}  // namespace tollgate::admin
