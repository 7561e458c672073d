#include <algorithm>
#include <string>

#include "source/admin/paths.h"
#include "test/admin/support.h"

namespace tollgate::admin {
namespace {

TEST_F(ApiTest, SendsTheHeadersOfEveryAnswer) {
  Response plain = send("GET", "/services");
  EXPECT_EQ(header(plain, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(header(plain, "Content-Length"), std::to_string(plain.body.size()));
  EXPECT_EQ(header(plain, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header(plain, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(header(plain, "Server"), "kong/3.10.0");
  EXPECT_FALSE(header(plain, "X-Kong-Admin-Latency").empty());
  Response origin = send("GET", "/services", "", {{"ORIGIN", "https://a.test"}});
  EXPECT_EQ(header(origin, "Access-Control-Allow-Origin"), "*");  // no site is trusted by its name
  context_.origins = {"https://gui.test", "https://other.test"};
  origin = send("GET", "/services", "", {{"Origin", "https://a.test"}});
  EXPECT_EQ(header(origin, "Access-Control-Allow-Origin"), "https://gui.test");
  origin = send("GET", "/services", "", {{"Origin", "https://other.test"}});
  EXPECT_EQ(header(origin, "Access-Control-Allow-Origin"), "https://other.test");
}

TEST_F(ApiTest, AnswersHeadAsGetWithoutTheBody) {
  Response got = send("GET", "/");
  Response head = send("HEAD", "/");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(header(head, "Content-Length"), std::to_string(got.body.size()));
  EXPECT_EQ(status("HEAD", "/services/none"), 404);
}

TEST_F(ApiTest, AnswersOptionsWithWhatIsImplemented) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "GET, HEAD, OPTIONS"},
      {"/services", "GET, HEAD, OPTIONS, POST"},
      {"/services/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"},
      {"/consumers/x/key-auth", "GET, HEAD, OPTIONS, POST"},
      {"/routes/x/service", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"}};
  for (const auto& [path, methods] : cases) {
    Response options = send("OPTIONS", path);
    EXPECT_EQ(options.status, 204) << path;
    EXPECT_EQ(options.body, "");
    EXPECT_EQ(header(options, "Allow"), methods) << path;
    EXPECT_EQ(header(options, "Access-Control-Allow-Methods"), methods) << path;
    EXPECT_EQ(header(options, "Access-Control-Allow-Headers"), "Content-Type");
  }
  Response asked = send("OPTIONS", "/", "", {{"Access-Control-Request-Headers", "x-a, x-b"}});
  EXPECT_EQ(header(asked, "Access-Control-Allow-Headers"), "x-a, x-b");
  EXPECT_EQ(status("OPTIONS", "/nowhere"), 404);
}

TEST_F(ApiTest, TellsAnUnknownPathFromAnUnknownMethod) {
  Response path = send("GET", "/nowhere");
  EXPECT_EQ(path.status, 404);
  EXPECT_EQ(path.body, R"({"message":"Not found"})");
  for (const char* method : {"DELETE", "PUT", "GEEEET"}) {
    Response refused = send(method, "/services");
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(refused.body, R"({"message":"Method not allowed"})");
  }
  EXPECT_EQ(status("POST", "/services/x"), 405);
  EXPECT_EQ(status("GET", "/services//"), 404);
  EXPECT_EQ(status("GET", "/services/x/nothing"), 404);
}

TEST_F(ApiTest, RefusesWhatIsNotAPath) {
  for (const char* target : {"", "services", "/%", "/%zz", "/services/%00"}) {
    EXPECT_EQ(status("GET", target), 400) << target;
  }
  EXPECT_EQ(status("GET", "http://other.test/services"), 200);
  EXPECT_EQ(status("GET", "http://other.test"), 200);
  EXPECT_EQ(status("get", "/services"), 400);
}

TEST_F(ApiTest, DescribesTheNodeWithItsSecretsMasked) {
  create("/plugins", {{"name", "key-auth"}});
  const Json root = get("/");
  EXPECT_EQ(root["version"], "3.10.0");
  EXPECT_EQ(root["configuration"]["router_flavor"], "traditional_compatible");
  EXPECT_EQ(root["configuration"]["pg_password"], "******");
  EXPECT_EQ(root["configuration"]["admin_ssl_cert_key"], "******");
  EXPECT_EQ(root["configuration"]["proxy_server"], nullptr);
  EXPECT_EQ(root["plugins"]["enabled_in_cluster"], Json::array({"key-auth"}));
  EXPECT_EQ(root["plugins"]["available_on_server"]["key-auth"]["priority"], 1250);
  EXPECT_EQ(root["pids"]["workers"], Json({11, 12}));
}

TEST_F(ApiTest, ReportsStatusInTheUnitAskedFor) {
  const Json plain = get("/status");
  EXPECT_EQ(plain["memory"]["workers_lua_vms"][0]["http_allocated_gc"], "3.00 MiB");
  EXPECT_EQ(plain["database"]["reachable"], true);
  const Json kib = get("/status?unit=K&scale=1")["memory"];
  EXPECT_EQ(kib["lua_shared_dicts"]["cache"]["capacity"], "2.0 KiB");
  EXPECT_EQ(get("/status?unit=b")["memory"]["lua_shared_dicts"]["cache"]["allocated_slabs"], 512);
  EXPECT_EQ(message(send("GET", "/status?unit=V")),
            "invalid unit 'V' (expected 'k/K', 'm/M', or 'g/G')");
  EXPECT_EQ(message(send("GET", "/status?scale=-1")), "scale must be equal or greater than 0");
  context_.reachable = false;
  EXPECT_EQ(get("/status")["database"]["reachable"], false);
  context_.withDatabase = false;
  EXPECT_FALSE(get("/status").contains("database"));
}

TEST_F(ApiTest, ReportsConnectionsAndRequestsInStatus) {
  EXPECT_EQ(get("/status")["server"], (Json{{"connections_accepted", 9},
                                            {"connections_handled", 8},
                                            {"connections_active", 6},
                                            {"connections_reading", 1},
                                            {"connections_writing", 2},
                                            {"connections_waiting", 3},
                                            {"total_requests", 7}}));
}

TEST_F(ApiTest, ReportsAllThatIsCountedInStatus) {
  EXPECT_EQ(get("/status")["metrics"], Json::object());
  stats::Counter plain, ok, missing;
  stats::Histogram<stats::kByteBounds> sizes;
  stats::Registry& registry = context_.counted;
  registry.add({"plain_total", "Plain."}, plain);
  const stats::Metric coded{
      "coded_total", "By code.", stats::Kind::kCounter, stats::Unit::kNone, {"class", "code"}};
  registry.add(coded, ok, {"2xx", "200"});
  registry.add(coded, missing, {"4xx", "404"});
  registry.add({"size_bytes", "Sizes.", stats::Kind::kHistogram, stats::Unit::kBytes},
               sizes.view());
  plain.add(3);
  ok.add(2);
  missing.add();
  for (uint64_t bytes : {100, 101, 1'000'000'000}) sizes.observe(bytes);
  const Json metrics = get("/status")["metrics"];
  EXPECT_EQ(metrics["plain_total"], 3);
  EXPECT_EQ(metrics["coded_total"], (Json{{"2xx", {{"200", 2}}}, {"4xx", {{"404", 1}}}}));
  EXPECT_EQ(metrics["size_bytes"]["count"], 3);
  EXPECT_EQ(metrics["size_bytes"]["sum"], 1'000'000'201);
  EXPECT_EQ(metrics["size_bytes"]["buckets"]["100"], 1);
  EXPECT_EQ(metrics["size_bytes"]["buckets"]["1000"], 2);
  EXPECT_EQ(metrics["size_bytes"]["buckets"]["100000000"], 2);
  EXPECT_EQ(metrics["size_bytes"]["buckets"]["+Inf"], 3);
}

TEST_F(ApiTest, ListsItsEndpoints) {
  const Json all = get("/endpoints")["data"];
  EXPECT_EQ(all[0], "/");
  for (const char* path :
       {"/services", "/services/{services}", "/services/{services}/routes/{routes}",
        "/routes/{routes}/service", "/consumers/{consumers}/key-auth",
        "/key-auths/{keyauth_credentials}/consumer", "/tags/{tags}"}) {
    EXPECT_NE(std::find(all.begin(), all.end(), path), all.end()) << path;
  }
}

TEST_F(ApiTest, DescribesSchemasAndValidatesWithoutStoring) {
  EXPECT_TRUE(get("/schemas/services")["fields"][0].contains("id"));
  EXPECT_EQ(message(send("GET", "/schemas/nope")), "No entity named 'nope'");
  EXPECT_EQ(message(send("GET", "/schemas/plugins/nope")), "No plugin named 'nope'");
  EXPECT_EQ(message(send("GET", "/schemas/vaults/nope")), "No vault named 'nope'");
  EXPECT_TRUE(get("/plugins/schema/key-auth")["fields"][0].contains("key_names"));
  EXPECT_EQ(status("GET", "/plugins/schema/nope"), 404);
  Response good = sendJson("POST", "/schemas/services/validate", {{"host", "h"}});
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(message(good), "schema validation successful");
  EXPECT_EQ(sendJson("POST", "/schemas/services/validate", Json::object()).status, 400);
  EXPECT_EQ(sendJson("POST", "/schemas/plugins/validate", {{"name", "key-auth"}}).status, 200);
  EXPECT_EQ(get("/services")["data"].size(), 0u);
}

TEST_F(ApiTest, ChangesTheLogLevelForAWhile) {
  EXPECT_EQ(message(send("GET", "/debug/node/log-level")), "log level: notice");
  EXPECT_EQ(message(send("PUT", "/debug/node/log-level/notice")), "log level is already notice");
  Response changed = sendJson("PUT", "/debug/node/log-level/debug", {{"timeout", 5}});
  EXPECT_EQ(message(changed), "log level changed");
  EXPECT_EQ(context_.levelSeconds, 5u);
  Response unknown = send("PUT", "/debug/node/log-level/loud");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(message(unknown), "unknown log level: loud");
}

TEST_F(ApiTest, AnswersTheRestOfTheNodesEndpoints) {
  EXPECT_EQ(get("/plugins/enabled")["enabled_plugins"], Json({"key-auth", "rate-limiting"}));
  EXPECT_EQ(status("DELETE", "/cache"), 204);
  EXPECT_EQ(status("GET", "/cache/x"), 404);
  EXPECT_EQ(status("GET", "/status/dns"), 501);
  EXPECT_EQ(status("GET", "/clustering/status"), 400);
  EXPECT_EQ(message(send("GET", "/config")),
            "this endpoint is only available when Kong is configured to not use a database");
}

TEST(Paths, PrefersALiteralSegmentToAParameter) {
  Paths paths;
  auto name = [](std::string text) {
    return Handler([text](Call&) { return Reply::of(200, text); });
  };
  paths.add("/a/{x}", {{"GET", name("parameter")}});
  paths.add("/a/b", {{"GET", name("literal")}});
  paths.add("/a/{x}/c", {{"GET", name("deep")}});
  Request request;
  Call call{.request = request, .query = "", .params = {}, .rawParams = {}};
  auto match = [&](std::string_view path) -> std::string {
    const Endpoint* endpoint = paths.match(path, call);
    return endpoint ? endpoint->methods.at("GET")(call).json.get<std::string>() : "";
  };
  EXPECT_EQ(match("/a/b"), "literal");
  EXPECT_EQ(match("/a/%62"), "parameter");
  EXPECT_EQ(call.params, std::vector<std::string>{"b"});
  EXPECT_EQ(call.rawParams, std::vector<std::string>{"%62"});
  EXPECT_EQ(match("/a/b/c"), "deep");
  EXPECT_EQ(match("/a/b/"), "literal");
  EXPECT_EQ(match("/a//c"), "");
  EXPECT_EQ(match("/a"), "");
}

}  // namespace
}  // namespace tollgate::admin
