#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

constexpr char kMissing[] = "99999999-2222-4333-8444-555555555555";

class UpstreamTest : public ApiTest {
 protected:
  UpstreamTest() { id_ = create("/upstreams", {{"name", "u"}})["id"].get<std::string>(); }

  Json add(const std::string& target, int weight = 100) {
    context_.time += 1;
    return create("/upstreams/u/targets", {{"target", target}, {"weight", weight}});
  }
  static std::vector<std::string> names(const Json& page) {
    std::vector<std::string> out;
    for (const auto& row : page["data"]) out.push_back(row["target"].get<std::string>());
    return out;
  }

  std::string id_;
};

TEST_F(UpstreamTest, TargetsAreListedNewestFirstWithNumbersAsOffsets) {
  for (const char* target : {"a.test", "b.test", "c.test"}) add(target, 0);
  Json page = get("/upstreams/u/targets?size=2");
  EXPECT_EQ(names(page), (std::vector<std::string>{"c.test:8000", "b.test:8000"}));
  EXPECT_EQ(page["offset"], "2");
  EXPECT_EQ(page["next"], "/upstreams/u/targets?offset=2");
  page = get("/upstreams/u/targets?offset=2");
  EXPECT_EQ(names(page), std::vector<std::string>{"a.test:8000"});
  EXPECT_EQ(page["next"], nullptr);
  EXPECT_FALSE(page.contains("offset"));
  EXPECT_EQ(json(send("GET", "/upstreams/u/targets?offset=x"))["code"], 7);
  EXPECT_EQ(get("/upstreams/u/targets?offset=99")["data"], Json::array());

  const Json all = get("/upstreams/u/targets/all?size=1");
  EXPECT_EQ(all["data"].size(), 1u);
  EXPECT_TRUE(all["next"].get<std::string>().starts_with("/upstreams/u/targets/all?offset="));
}

TEST_F(UpstreamTest, ATargetIsFoundByItsIdAndAsItIsStored) {
  const Json target = add("a.test");
  EXPECT_EQ(get("/upstreams/u/targets/a.test:8000"), target);
  EXPECT_EQ(get("/upstreams/u/targets/" + target["id"].get<std::string>()), target);
  EXPECT_EQ(status("GET", "/upstreams/u/targets/a.test"), 404);
  create("/upstreams", {{"name", "other"}});
  EXPECT_EQ(status("GET", "/upstreams/other/targets/" + target["id"].get<std::string>()), 404);
  for (const char* path : {"/targets", "/targets/x", "/targets/x/upstream"}) {
    EXPECT_EQ(status("GET", path), 404) << path;
  }
}

TEST_F(UpstreamTest, ADuplicateTargetIsAConflictOfBothFields) {
  add("a.test");
  Response twice = sendJson("POST", "/upstreams/u/targets", {{"target", "a.test:8000"}});
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(json(twice)["fields"], Json({{"upstream", {{"id", id_}}}, {"target", "a.test:8000"}}));
  EXPECT_EQ(
      message(twice),
      "UNIQUE violation detected on '{target=\"a.test:8000\",upstream={id=\"" + id_ + "\"}}'");
  EXPECT_EQ(status("DELETE", "/upstreams/u/targets/a.test:8000"), 204);
  EXPECT_EQ(status("DELETE", "/upstreams/u/targets/a.test:8000"), 404);
  add("a.test");
}

TEST_F(UpstreamTest, PutChangesATargetButMakesNone) {
  const Json target = add("a.test", 7);
  Json changed = json(sendJson("PUT", "/upstreams/u/targets/a.test:8000", {{"tags", {"t"}}}));
  EXPECT_EQ(changed["id"], target["id"]);
  EXPECT_EQ(changed["weight"], 7);
  EXPECT_EQ(changed["tags"], Json({"t"}));
  EXPECT_EQ(sendJson("PUT", "/upstreams/u/targets/b.test:1", {{"weight", 1}}).status, 404);
  EXPECT_EQ(
      sendJson("PUT", std::string("/upstreams/u/targets/") + kMissing, {{"target", "b.test:1"}})
          .status,
      404);
}

TEST_F(UpstreamTest, DeletingAnUpstreamTakesItsTargets) {
  add("a.test");
  EXPECT_EQ(status("DELETE", "/upstreams/u"), 204);
  EXPECT_EQ(status("GET", "/upstreams/u/targets"), 404);
  EXPECT_EQ(context_.store().list("targets", {})->size(), 0u);
}

TEST_F(UpstreamTest, WithoutHealthChecksAddressesAreNeitherHealthyNorNot) {
  add("1.2.3.4", 50);
  Json health = get("/upstreams/u/health");
  EXPECT_EQ(health["node_id"], context_.node().nodeId);
  EXPECT_EQ(health["next"], nullptr);
  const Json& row = health["data"][0];
  EXPECT_EQ(row["health"], "HEALTHCHECKS_OFF");
  EXPECT_EQ(row["data"], Json::parse(R"({"host":"1.2.3.4","port":8000,"dns":"A","nodeWeight":50,
      "weight":{"total":50,"available":50,"unavailable":0},
      "addresses":[{"ip":"1.2.3.4","port":8000,"weight":50,"health":"HEALTHCHECKS_OFF"}]})"));
  Response marked = send("PUT", "/upstreams/u/targets/1.2.3.4:8000/unhealthy");
  EXPECT_EQ(marked.status, 400);
  EXPECT_EQ(marked.body, R"({"message":"no healthchecker found for u"})");
  EXPECT_EQ(status("POST", "/upstreams/u/targets/1.2.3.4:8000/healthy"), 405);
  EXPECT_EQ(status("PUT", "/upstreams/u/targets/nope/healthy"), 404);
}

/// A balancer that knows what the test says.
class KnownHealth final : public UpstreamHealth {
 public:
  Balancer query(const Json&, const std::vector<Json>& targets) override {
    Balancer out;
    out.checked = true;
    out.healthy = true;
    for (const Json& target : targets) {
      out.targets.push_back({"A", {{"10.0.0.1", 80, 100, true}, {"10.0.0.2", 80, 100, false}}});
      if (target["target"] == "down.test:80")
        out.targets.back().addresses.erase(out.targets.back().addresses.begin());
      if (target["target"] == "unknown.test:80") out.targets.back() = {"no such name", {}};
    }
    return out;
  }
  Status mark(const Json& upstream, const Json& target, const std::string& address,
              bool healthy) override {
    marks.push_back(upstream["name"].get<std::string>() + " " +
                    target["target"].get<std::string>() + " " + address +
                    (healthy ? " up" : " down"));
    return {};
  }
  std::vector<std::string> marks;
};

TEST_F(UpstreamTest, HealthIsThatOfTheBalancer) {
  KnownHealth health;
  context_.health = &health;
  add("idle.test:80", 0);
  add("unknown.test:80");
  add("down.test:80");
  add("up.test:80");
  const Json page = get("/upstreams/u/health");
  std::vector<std::string> states;
  for (const auto& row : page["data"]) states.push_back(row["health"].get<std::string>());
  EXPECT_EQ(states,
            (std::vector<std::string>{"HEALTHY", "UNHEALTHY", "DNS_ERROR", "HEALTHCHECKS_OFF"}));
  EXPECT_EQ(page["data"][0]["data"]["weight"],
            Json({{"total", 200}, {"available", 100}, {"unavailable", 100}}));
  EXPECT_EQ(page["data"][0]["data"]["addresses"][1]["health"], "UNHEALTHY");
  EXPECT_EQ(page["data"][2]["data"]["dns"], "no such name");

  const Json whole = get("/upstreams/u/health?balancer_health=1")["data"];
  EXPECT_EQ(whole["health"], "HEALTHY");
  EXPECT_EQ(whole["balancer_health"], "HEALTHY");
  EXPECT_EQ(whole["id"], id_);
  EXPECT_EQ(whole["details"]["weight"],
            Json({{"total", 500}, {"available", 200}, {"unavailable", 300}}));
  EXPECT_EQ(whole["details"]["hosts"][3]["addresses"][0]["healthy"], true);

  const std::string target = "/upstreams/u/targets/up.test:80/";
  EXPECT_EQ(status("PUT", target + "unhealthy"), 204);
  EXPECT_EQ(status("PUT", target + "10.0.0.1/healthy"), 204);
  EXPECT_EQ(status("PUT", target + "a:b:c/healthy"), 400);
  EXPECT_EQ(health.marks,
            (std::vector<std::string>{"u up.test:80  down", "u up.test:80 10.0.0.1:8000 up"}));
}

TEST_F(UpstreamTest, AGroupNamesAnAclBelowItsConsumerOnly) {
  create("/consumers", {{"username", "bob"}});
  const Json acl = create("/consumers/bob/acls", {{"group", "g"}});
  EXPECT_EQ(get("/consumers/bob/acls/g"), acl);
  EXPECT_EQ(json(send("GET", "/acls/g"))["code"], 1);
  EXPECT_EQ(get("/acls/" + acl["id"].get<std::string>()), acl);
  Json put = json(sendJson("PUT", "/consumers/bob/acls/h", Json::object()));
  EXPECT_EQ(put["group"], "h");
  Json again = json(sendJson("PUT", "/consumers/bob/acls/h", {{"tags", {"t"}}}));
  EXPECT_EQ(again["id"], put["id"]);
  EXPECT_EQ(sendJson("POST", "/consumers/bob/acls", {{"group", "h"}}).status, 409);
  EXPECT_EQ(status("DELETE", "/consumers/bob/acls/g"), 204);
  EXPECT_EQ(status("DELETE", "/consumers/bob/acls/g"), 404);
}

}  // namespace
}  // namespace tollgate::admin
