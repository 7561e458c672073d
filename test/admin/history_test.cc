#include "source/store/history.h"
#include "source/admin/write_options.h"
#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

class RevisionsTest : public ApiTest {
 protected:
  Json post(const std::string& path, int expected) {
    Response response = send("POST", path);
    EXPECT_EQ(response.status, expected) << path << ": " << response.body;
    return json(response);
  }
  std::string service(const std::string& name) {
    return create("/services", {{"name", name}, {"host", "h"}})["id"].get<std::string>();
  }
};

TEST_F(RevisionsTest, ListsTheNewestFirstInPages) {
  for (const char* name : {"a", "b", "c"}) service(name);
  Json page = get("/revisions?size=2");
  ASSERT_EQ(page["data"].size(), 2u);
  EXPECT_EQ(page["data"][0]["revision"], 3);
  EXPECT_EQ(page["data"][0]["actor"], "admin");
  EXPECT_EQ(page["data"][0]["address"], "127.0.0.1");
  EXPECT_EQ(page["data"][0]["reason"], "POST /services");
  EXPECT_EQ(page["data"][0]["changes"], 1);
  EXPECT_EQ(page["data"][0]["kinds"], (Json{{"services", 1}}));
  Json rest = get(page["next"].get<std::string>());
  ASSERT_EQ(rest["data"].size(), 1u);
  EXPECT_EQ(rest["data"][0]["revision"], 1);
  EXPECT_EQ(rest["next"], nullptr);
}

TEST_F(RevisionsTest, ShowsBeforeAndAfterWithoutSecrets) {
  create("/consumers", {{"username", "anna"}});
  create("/consumers/anna/key-auth", {{"key", "hunter2"}});
  create("/plugins", {{"name", "rate-limiting"},
                      {"config",
                       {{"minute", 5},
                        {"policy", "redis"},
                        {"redis", {{"host", "r"}, {"password", "hunter2"}}}}}});
  for (int revision : {2, 3}) {
    std::string body = send("GET", "/revisions/" + std::to_string(revision)).body;
    EXPECT_EQ(body.find("hunter2"), std::string::npos) << body;
    EXPECT_NE(body.find("******"), std::string::npos) << body;
  }
  Json key = get("/revisions/2");
  EXPECT_EQ(key["data"][0]["operation"], "create");
  EXPECT_EQ(key["data"][0]["before"], nullptr);
  EXPECT_EQ(key["data"][0]["after"]["key"], "******");
  sendJson("PATCH", "/consumers/anna", {{"username", "berta"}});
  Json change = get("/revisions/4")["data"][0];
  EXPECT_EQ(change["operation"], "update");
  EXPECT_EQ(change["before"]["username"], "anna");
  EXPECT_EQ(change["after"]["username"], "berta");
  send("DELETE", "/consumers/berta");
  Json page = get("/revisions/5?size=1");  // the key goes with its consumer
  EXPECT_EQ(page["changes"], 2);
  EXPECT_EQ(page["data"].size(), 1u);
  EXPECT_EQ(get(page["next"].get<std::string>())["data"][0]["kind"], "consumers");
  EXPECT_EQ(status("GET", "/revisions/99"), 404);
  EXPECT_EQ(status("GET", "/revisions/x"), 400);
}

TEST_F(RevisionsTest, RevertsExactlyOneRevision) {
  std::string id = service("a");
  sendJson("PATCH", "/services/a", {{"port", 8080}});
  service("b");
  Json reverted = post("/revisions/2/revert", 201);
  EXPECT_EQ(reverted["revision"], 4);
  EXPECT_EQ(reverted["reverts"], 2);
  EXPECT_EQ(reverted["reason"], "revert of revision 2");
  EXPECT_EQ(get("/services/a")["port"], 80);
  EXPECT_EQ(status("GET", "/services/b"), 200);
  post("/revisions/4/revert", 201);  // a revert is a revision like others
  EXPECT_EQ(get("/services/a")["port"], 8080);
  EXPECT_EQ(get("/services/a")["id"], id);
}

TEST_F(RevisionsTest, RevertsADeletionWithAllThatWentWithIt) {
  create("/consumers", {{"username", "anna"}});
  create("/consumers/anna/key-auth", {{"key", "k1"}});
  EXPECT_EQ(status("DELETE", "/consumers/anna"), 204);
  post("/revisions/3/revert", 201);
  EXPECT_EQ(get("/consumers/anna/key-auth")["data"][0]["key"], "k1");
}

TEST_F(RevisionsTest, RefusesARevertWhereSomethingCameAfter) {
  service("a");
  sendJson("PATCH", "/services/a", {{"port", 8080}});
  Json refused = post("/revisions/1/revert", 409);
  EXPECT_EQ(refused["conflicts"][0]["revision"], 2);
  EXPECT_EQ(refused["conflicts"][0]["kind"], "services");
  EXPECT_NE(refused["message"].get<std::string>().find("revision 2 changed"), std::string::npos);
}

TEST_F(RevisionsTest, RefusesARevertThatAConstraintForbids) {
  std::string id = service("a");
  create("/routes", {{"paths", {"/x"}}, {"service", {{"id", id}}}});
  EXPECT_NE(post("/revisions/1/revert", 409)["message"].get<std::string>().find("references"),
            std::string::npos);
  EXPECT_EQ(status("GET", "/services/a"), 200);
  // The name of what a revert would bring back is taken.
  service("b");
  send("DELETE", "/services/b");
  service("b");
  post("/revisions/4/revert", 409);
  // A consumer's key, created later, would go with it.
  create("/consumers", {{"username", "anna"}});
  create("/consumers/anna/key-auth", {{"key", "k1"}});
  post("/revisions/6/revert", 409);
  EXPECT_EQ(get("/consumers/anna/key-auth")["data"].size(), 1u);
}

TEST_F(RevisionsTest, ARefusedRevertTellsNoSecret) {
  create("/consumers", {{"username", "anna"}});
  Json key = create("/consumers/anna/key-auth", {{"key", "hunter2"}});
  send("DELETE", "/key-auths/" + key["id"].get<std::string>());
  create("/consumers/anna/key-auth", {{"key", "hunter2"}});
  const std::string refused = post("/revisions/3/revert", 409).dump();
  EXPECT_NE(refused.find("UNIQUE violation"), std::string::npos) << refused;
  EXPECT_EQ(refused.find("hunter2"), std::string::npos) << refused;
}

TEST_F(RevisionsTest, HasNoneToRevertWithoutADatabase) {
  context_.withDatabase = false;
  for (const char* path : {"/revisions/1/revert", "/revisions/advance"}) {
    Json refused = post(path, 405);
    EXPECT_EQ(refused["code"], 12);
  }
  EXPECT_EQ(status("GET", "/revisions"), 405);
}

TEST_F(RevisionsTest, TakesTheReasonFromTheHeaderWithinLimits) {
  auto write = [&](const std::string& reason) {
    return send("POST", "/consumers", "{\"username\":\"u" + std::to_string(reason.size()) + "\"}",
                {{"Content-Type", "application/json"}, {"X-Reason", reason}})
        .status;
  };
  EXPECT_EQ(write("größer für München"), 201);
  EXPECT_EQ(get("/revisions/1")["reason"], "größer für München");
  EXPECT_EQ(write(std::string(kMaxReasonBytes, 'x')), 201);
  EXPECT_EQ(write(std::string(kMaxReasonBytes + 1, 'x')), 400);
  EXPECT_EQ(write("bad \xff"), 400);
  EXPECT_EQ(write("surrogate \xed\xa0\x80"), 400);
  EXPECT_EQ(write("two\x01lines"), 400);
  EXPECT_EQ(get("/revisions")["data"].size(), 2u);
}

TEST_F(ApiTest, TheReasonOfAWriteHoldsNoKeyFromItsPath) {
  create("/consumers", {{"username", "anna"}});
  create("/consumers/anna/key-auth", {{"key", "hunter2"}});
  sendJson("PATCH", "/key-auths/hunter2", {{"tags", {"t"}}});
  EXPECT_EQ(context_.reasons.back().text, "PATCH /key-auths/***");
}

TEST_F(ApiTest, ListsTheOnlyNodeOfAnEmbeddedStore) {
  Json nodes = get("/nodes");
  ASSERT_EQ(nodes["data"].size(), 1u);
  EXPECT_EQ(nodes["next"], nullptr);
  const Json& node = nodes["data"][0];
  EXPECT_EQ(node["id"], context_.record.id);
  EXPECT_EQ(node["revision"], 7);
  EXPECT_EQ(node["live"], true);
  EXPECT_EQ(node["self"], true);
  EXPECT_EQ(get("/nodes/self")["id"], context_.record.id);
  EXPECT_EQ(get("/nodes/" + context_.record.id)["state"], "running");
  EXPECT_EQ(status("GET", "/nodes/other"), 404);
}

TEST_F(ApiTest, AsksToBeHeldBackOnlyForAWriteThatWasDone) {
  auto wait = [&](const std::string& method, const std::string& target, const Json& body) {
    return sendJson(method, target, body).wait;
  };
  EXPECT_FALSE(wait("POST", "/consumers", {{"username", "a"}}));
  auto held = wait("POST", "/consumers?wait=all", {{"username", "b"}});
  ASSERT_TRUE(held);
  EXPECT_EQ(held->revision, 2u);
  EXPECT_EQ(held->timeout, WaitLimits().usual);
  held = wait("DELETE", "/consumers/b?wait=all&timeout=1.5", Json::object());
  ASSERT_TRUE(held);
  EXPECT_EQ(held->timeout, std::chrono::milliseconds(1500));
  EXPECT_FALSE(wait("POST", "/consumers?wait=all", {{"username", "a"}}));  // 409
  EXPECT_FALSE(wait("DELETE", "/consumers/none?wait=all", Json::object()));
  EXPECT_EQ(status("GET", "/consumers?wait=some"), 200);
  for (const char* query : {"wait=some", "wait=", "wait=all&timeout=x", "wait=all&timeout=-1",
                            "wait=all&timeout=nan", "wait=all&timeout=1e9"}) {
    Response refused = sendJson("POST", std::string("/consumers?") + query, {{"username", "c"}});
    EXPECT_EQ(refused.status, 400) << query;
  }
  EXPECT_EQ(status("GET", "/consumers/c"), 404);  // refused before anything was written
}

TEST_F(ApiTest, SaysWhoLagsAndKeepsTheBody) {
  store::NodeRecord slow;
  slow.id = "n1";
  slow.hostname = "edge";
  slow.revision = 3;
  Response created = sendJson("POST", "/consumers", {{"username", "a"}});
  const std::string body = created.body;
  answerLagging(created, 4, {slow}, false);
  EXPECT_EQ(created.status, 202);
  EXPECT_EQ(created.body, body);
  EXPECT_EQ(header(created, "X-Tollgate-Lagging"), "n1;revision=3");
  EXPECT_EQ(header(created, "X-Tollgate-Revision"), "4");
  Response deleted = send("DELETE", "/consumers/a");
  answerLagging(deleted, 5, {slow}, false);
  EXPECT_EQ(json(deleted)["lagging"][0]["hostname"], "edge");
  EXPECT_EQ(header(deleted, "Content-Length"), std::to_string(deleted.body.size()));
  Response unknown = send("DELETE", "/consumers/b");
  answerLagging(unknown, 5, {}, true);
  EXPECT_EQ(header(unknown, "X-Tollgate-Lagging"), "unknown");
}

TEST_F(ApiTest, NamesARowThatThisVersionCannotReadAndLetsItBeMended) {
  const std::string id = "0b1e7bd4-6a0b-4d5b-8a2c-0c7f2d1f6a99";
  create("/services", {{"name", "good"}, {"host", "h"}});
  auto broken = context_.store().transact(
      {{store::Change::Op::kInsert,
        "services",
        id,
        {{"id", id}, {"name", "bad"}, {"host", "h"}, {"port", "eighty"}}}},
      {"tester", "damage"});
  ASSERT_TRUE(std::holds_alternative<store::Commit>(broken));
  for (const std::string& name : {id, std::string("bad")}) {
    Response response = send("GET", "/services/" + name);
    EXPECT_EQ(response.status, 500);
    EXPECT_NE(message(response).find("port: expected a number"), std::string::npos);
    EXPECT_NE(message(response).find("DELETE it or PUT it"), std::string::npos);
  }
  Json all = get("/services");
  ASSERT_EQ(all["data"].size(), 1u);
  EXPECT_EQ(all["data"][0]["name"], "good");
  EXPECT_EQ(sendJson("PUT", "/services/" + id, {{"name", "bad"}, {"host", "h"}}).status, 200);
  EXPECT_EQ(get("/services/bad")["port"], 80);
}

TEST_F(ApiTest, TellsInStatusWhatWasLeftOutAndThatTheDatabaseIsBehind) {
  EXPECT_EQ(get("/status")["configuration"]["problems"], Json::array());
  context_.stand.problems = {"services/x: port: expected a number"};
  context_.stand.problemCount = 1;
  context_.stand.revision = 9;
  context_.stand.behind = true;
  context_.stand.storeRevision = 5;
  Json status = get("/status");
  EXPECT_EQ(status["configuration"]["revision"], 9);
  EXPECT_EQ(status["configuration"]["problems"][0], "services/x: port: expected a number");
  EXPECT_EQ(status["database"]["behind"], true);
  EXPECT_EQ(status["database"]["revision"], 5);
}

}  // namespace
}  // namespace tollgate::admin
