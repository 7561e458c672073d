#include "test/config/support.h"

namespace tollgate::config {
namespace {

class SnapshotCompilerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { registerFilters(); }

  void put(const std::string& kind, const std::string& id, Json doc) {
    doc["id"] = id;
    compiler_.apply({Change::Op::kReplace, kind, id, std::move(doc)});
  }
  void drop(const std::string& kind, const std::string& id) {
    compiler_.apply({Change::Op::kDelete, kind, id, nullptr});
  }
  void service(const std::string& id) {
    put("services", id, {{"host", "127.0.0.1"}, {"port", 9000}, {"protocol", "http"}});
  }
  void route(const std::string& id, const std::string& path, const std::string& serviceId) {
    Json doc = {{"paths", {path}}, {"protocols", {"http", "https"}}};
    if (!serviceId.empty()) doc["service"] = {{"id", serviceId}};
    put("routes", id, std::move(doc));
  }
  void plugin(const std::string& id, const std::string& name, Json scopes, bool enabled = true) {
    Json doc = {{"name", name}, {"enabled", enabled}, {"config", {{"tag", id}}}};
    for (auto& [field, target] : scopes.items()) doc[field] = {{"id", target}};
    put("plugins", id, std::move(doc));
  }

  const http::FilterPlan* planOf(const proxy::Snapshot& snapshot, std::string_view path) {
    return snapshot.planOf(*match(snapshot, path));
  }

  SnapshotCompiler compiler_;
  store::Revision revision_ = 0;
};

using Tags = std::vector<std::string>;

TEST_F(SnapshotCompilerTest, RouteReachesItsServiceAndADisabledServiceTakesItsRoutesAway) {
  service("s1");
  route("r1", "/a", "s1");
  auto snapshot = compiler_.compile(1);
  const proxy::Route* found = match(*snapshot, "/a/b");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(snapshot->serviceOf(*found)->port, 9000);
  EXPECT_EQ(snapshot->serviceOf(*found)->hostLine, "Host: 127.0.0.1:9000\r\n");
  put("services", "s1", {{"host", "127.0.0.1"}, {"protocol", "http"}, {"enabled", false}});
  EXPECT_EQ(match(*compiler_.compile(2), "/a"), nullptr);
  EXPECT_EQ(match(*snapshot, "/a"), found) << "a published snapshot does not change";
}

TEST_F(SnapshotCompilerTest, DeletedEntitiesAreGoneFromTheNextSnapshot) {
  service("s1");
  route("r1", "/a", "s1");
  plugin("p1", "first", {{"route", "r1"}});
  ASSERT_EQ(tags(*planOf(*compiler_.compile(1), "/a"), nullptr), Tags{"p1"});
  drop("plugins", "p1");
  EXPECT_EQ(tags(*planOf(*compiler_.compile(2), "/a"), nullptr), Tags{});
  drop("routes", "r1");
  EXPECT_EQ(match(*compiler_.compile(3), "/a"), nullptr);
}

TEST_F(SnapshotCompilerTest, TheMostSpecificConfigurationOfANameWins) {
  service("s1");
  route("r1", "/a", "s1");
  route("r2", "/b", "s1");
  plugin("global", "first", Json::object());
  plugin("of-service", "first", {{"service", "s1"}});
  plugin("of-route", "first", {{"route", "r1"}});
  auto snapshot = compiler_.compile(1);
  EXPECT_EQ(tags(*planOf(*snapshot, "/a"), nullptr), Tags{"of-route"});
  EXPECT_EQ(tags(*planOf(*snapshot, "/b"), nullptr), Tags{"of-service"});
  EXPECT_EQ(tags(*snapshot->globalPlan, nullptr), Tags{"global"});
}

TEST_F(SnapshotCompilerTest, AConsumersConfigurationWinsOnlyWhereItIsMoreSpecific) {
  service("s1");
  route("r1", "/a", "s1");
  put("consumers", "c1", {{"username", "alice"}});
  plugin("for-alice", "second", {{"consumer", "c1"}});
  plugin("route-and-service", "second", {{"route", "r1"}, {"service", "s1"}});
  auto snapshot = compiler_.compile(1);
  const http::Consumer* alice = snapshot->directory->findConsumerByName("alice");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(tags(*planOf(*snapshot, "/a"), alice), Tags{"route-and-service"});
  drop("plugins", "route-and-service");
  plugin("of-route", "second", {{"route", "r1"}});
  snapshot = compiler_.compile(2);
  alice = snapshot->directory->findConsumerByName("alice");
  EXPECT_EQ(tags(*planOf(*snapshot, "/a"), alice), Tags{"for-alice"});
  EXPECT_EQ(tags(*planOf(*snapshot, "/a"), nullptr), Tags{"of-route"});
}

TEST_F(SnapshotCompilerTest, FiltersRunByDescendingPriorityAndDisabledOnesNotAtAll) {
  route("r1", "/a", "");
  plugin("low", "second", {{"route", "r1"}});
  plugin("high", "first", {{"route", "r1"}});
  EXPECT_EQ(tags(*planOf(*compiler_.compile(1), "/a"), nullptr), (Tags{"high", "low"}));
  plugin("high", "first", {{"route", "r1"}}, false);
  EXPECT_EQ(tags(*planOf(*compiler_.compile(2), "/a"), nullptr), Tags{"low"});
}

TEST_F(SnapshotCompilerTest, RoutesWithTheSamePluginsShareAPlanAndFiltersOutliveOtherChanges) {
  service("s1");
  route("r1", "/a", "s1");
  route("r2", "/b", "s1");
  plugin("global", "first", Json::object());
  auto snapshot = compiler_.compile(1);
  EXPECT_EQ(planOf(*snapshot, "/a"), planOf(*snapshot, "/b"));
  int before = created;
  route("r3", "/c", "s1");
  auto next = compiler_.compile(2);
  EXPECT_EQ(created, before) << "an unrelated change makes no filter anew";
  EXPECT_EQ(planOf(*next, "/a")->entries[0].fallback, planOf(*snapshot, "/a")->entries[0].fallback);
}

TEST_F(SnapshotCompilerTest, ASecretThatCouldNotBeOpenedReachesNoFilter) {
  auto passwordGivenFor = [&](const char* stored) {
    put("plugins", "p1",
        {{"name", "rate-limiting"},
         {"config", {{"redis", {{"host", "h"}, {"password", stored}}}}}});
    compiler_.compile(1);
    const auto& redis = lastConfig.fields().at("redis").struct_value().fields();
    EXPECT_EQ(redis.at("host").string_value(), "h");
    return redis.at("password").string_value();
  };
  EXPECT_EQ(passwordGivenFor("opened"), "opened");
  EXPECT_EQ(passwordGivenFor("$tollgate$xchacha20-poly1305$0a0b$c0ffee"), "");
}

TEST_F(SnapshotCompilerTest, WhatCannotBeCompiledIsNamedAndTheRestIsServed) {
  service("s1");
  route("r1", "/a", "s1");
  put("plugins", "p1", {{"name", "first"}, {"config", {{"tag", "broken"}}}});
  put("plugins", "p2", {{"name", "of-a-later-version"}, {"config", Json::object()}});
  auto snapshot = compiler_.compile(1);
  EXPECT_NE(match(*snapshot, "/a"), nullptr);
  ASSERT_EQ(compiler_.problems().size(), 2u);
  EXPECT_NE(compiler_.problems()[0].text().find("p1"), std::string::npos);
  EXPECT_NE(compiler_.problems()[1].text().find("of-a-later-version"), std::string::npos);
  drop("plugins", "p1");
  drop("plugins", "p2");
  compiler_.compile(2);
  EXPECT_TRUE(compiler_.problems().empty());
}

TEST_F(SnapshotCompilerTest, APluginThatCannotBeMadeRefusesWhatItMayHaveGuardedAndNothingElse) {
  service("s1");
  route("r1", "/a", "s1");
  route("r2", "/b", "s1");
  plugin("other", "second", {{"route", "r2"}});
  put("plugins", "p1",
      {{"name", "first"}, {"route", {{"id", "r1"}}}, {"config", {{"tag", "broken"}}}});
  auto snapshot = compiler_.compile(1);
  EXPECT_EQ(tags(*planOf(*snapshot, "/a"), nullptr), Tags{"refuses"});
  EXPECT_EQ(tags(*planOf(*snapshot, "/b"), nullptr), Tags{"other"});
  put("plugins", "p1", {{"name", "first"}, {"route", {{"id", "r1"}}}, {"enabled", false}});
  EXPECT_EQ(tags(*planOf(*compiler_.compile(2), "/a"), nullptr), Tags{});
  put("plugins", "p1", {{"name", "of-a-later-version"}, {"route", {{"id", "r1"}}}});
  EXPECT_EQ(tags(*planOf(*compiler_.compile(3), "/a"), nullptr), Tags{"refuses"});
  drop("plugins", "p1");
  EXPECT_EQ(tags(*planOf(*compiler_.compile(4), "/a"), nullptr), Tags{});
}

TEST_F(SnapshotCompilerTest, APluginOfAnotherShapeRefusesUnlessAnEarlierFormRuns) {
  service("s1");
  route("r1", "/a", "s1");
  auto unreadable = [&](const char* id, Json doc) {
    doc["id"] = id;
    compiler_.applyUnreadable({Change::Op::kInsert, "plugins", id, std::move(doc)});
  };
  const Json odd = {{"name", "first"}, {"route", {{"id", "r1"}}}, {"protocols", 7}};
  unreadable("p1", odd);
  EXPECT_EQ(tags(*planOf(*compiler_.compile(1), "/a"), nullptr), Tags{"refuses"});
  drop("plugins", "p1");
  plugin("p1", "first", {{"route", "r1"}});
  unreadable("p1", odd);
  EXPECT_EQ(tags(*planOf(*compiler_.compile(2), "/a"), nullptr), Tags{"p1"});
  drop("plugins", "p1");
  unreadable("p2", {{"name", "first"}, {"route", "of no known form"}});
  compiler_.applyUnreadable({Change::Op::kInsert, "plugins", "p3", nullptr});
  EXPECT_EQ(tags(*planOf(*compiler_.compile(3), "/a"), nullptr), Tags{});
}

TEST_F(SnapshotCompilerTest, KeysLeadToTheirConsumersAndExpiredOnesAreListed) {
  put("consumers", "c1", {{"username", "alice"}, {"custom_id", "7"}});
  put("keyauth_credentials", "k1", {{"key", "sekret"}, {"consumer", {{"id", "c1"}}}});
  put("keyauth_credentials", "k2",
      {{"key", "short"}, {"consumer", {{"id", "c1"}}}, {"ttl_expires_at", 100}});
  auto snapshot = compiler_.compile(1);
  const http::KeyOwner owner = snapshot->directory->findKey("sekret");
  ASSERT_NE(owner.credential, nullptr);
  EXPECT_EQ(owner.credential->id, "k1");
  EXPECT_EQ(owner.consumer->customId, "7");
  EXPECT_EQ(snapshot->directory->findKey("unknown").credential, nullptr);
  EXPECT_EQ(compiler_.expiredKeys(99), std::vector<std::string>{});
  EXPECT_EQ(compiler_.expiredKeys(100), std::vector<std::string>{"k2"});
}

/// What a filter of a test makes of its credentials.
struct Secret final : http::CredentialData {
  static std::unique_ptr<const http::CredentialData> read(const Json& doc) {
    auto out = std::make_unique<Secret>();
    out->text = doc.value("secret", std::string());
    return out;
  }
  std::string text;
};

TEST_F(SnapshotCompilerTest, CredentialsOfAKindAreFoundByTheFieldThatTheirSchemaNames) {
  http::CredentialKinds::add("jwt_secrets", &Secret::read);
  const size_t kind = http::CredentialKinds::numberOf("jwt_secrets");
  compiler_.setFilterContext({});  // begins anew, with this kind
  put("jwt_secrets", "j1", {{"key", "issuer"}, {"secret", "s1"}, {"consumer", {{"id", "c1"}}}});
  auto find = [&](std::string_view value) {
    return compiler_.compile(++revision_)->directory->findCredential(kind, value);
  };
  EXPECT_EQ(find("issuer").credential, nullptr) << "its consumer is not there";
  put("consumers", "c1", {{"username", "alice"}});
  auto snapshot = compiler_.compile(++revision_);
  const http::CredentialOwner owner = snapshot->directory->findCredential(kind, "issuer");
  ASSERT_NE(owner.credential, nullptr);
  EXPECT_EQ(owner.credential->id, "j1");
  EXPECT_EQ(owner.consumer->username, "alice");
  EXPECT_EQ(static_cast<const Secret*>(owner.credential->data)->text, "s1");
  put("jwt_secrets", "j1", {{"key", "other"}, {"secret", "s2"}, {"consumer", {{"id", "c1"}}}});
  EXPECT_EQ(find("issuer").credential, nullptr);
  EXPECT_NE(find("other").credential, nullptr);
  EXPECT_EQ(static_cast<const Secret*>(owner.credential->data)->text, "s1")
      << "an older snapshot keeps what it had";
  put("jwt_secrets", "j1",
      {{"key", "other"},
       {"secret", "$tollgate$xchacha20-poly1305$0a0b$c0ffee"},
       {"consumer", {{"id", "c1"}}}});
  EXPECT_EQ(static_cast<const Secret*>(find("other").credential->data)->text, "")
      << "what could not be opened is no secret";
  drop("jwt_secrets", "j1");
  EXPECT_EQ(find("other").credential, nullptr);
}

TEST_F(SnapshotCompilerTest, ConsumersHaveGroupsAndAreFoundByAnyOfTheirKeys) {
  const std::string id = "00000000-0000-4000-8000-000000000001";
  put("acls", "a2", {{"group", "late"}, {"consumer", {{"id", id}}}});
  put("consumers", id, {{"username", "alice"}, {"custom_id", "7"}});
  put("acls", "a1", {{"group", "early"}, {"consumer", {{"id", id}}}});
  auto directory = compiler_.compile(++revision_)->directory;
  const http::Consumer* alice = directory->findConsumer("alice");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(directory->findConsumer(id), alice);
  EXPECT_EQ(directory->findConsumerByCustomId("7"), alice);
  ASSERT_NE(directory->groupsOf(*alice), nullptr);
  EXPECT_EQ(directory->groupsOf(*alice)->joined, "early, late");
  put("consumers", id, {{"username", "alice"}, {"custom_id", "8"}});
  drop("acls", "a1");
  auto next = compiler_.compile(++revision_)->directory;
  alice = next->findConsumer("alice");
  EXPECT_EQ(next->findConsumerByCustomId("7"), nullptr);
  EXPECT_EQ(next->findConsumerByCustomId("8"), alice);
  EXPECT_EQ(next->groupsOf(*alice)->joined, "late") << "its number is the same";
  drop("acls", "a2");
  auto last = compiler_.compile(++revision_)->directory;
  EXPECT_EQ(last->groupsOf(*last->findConsumer("alice")), nullptr);
}

TEST_F(SnapshotCompilerTest, AReloadReplacesEverythingOrNothing) {
  route("r1", "/a", "");
  compiler_.beginReload();
  route("r2", "/b", "");
  compiler_.endReload(false);
  EXPECT_NE(match(*compiler_.compile(1), "/a"), nullptr);
  EXPECT_EQ(match(*compiler_.compile(1), "/b"), nullptr);
  compiler_.beginReload();
  route("r2", "/b", "");
  compiler_.endReload(true);
  EXPECT_EQ(match(*compiler_.compile(2), "/a"), nullptr);
  EXPECT_NE(match(*compiler_.compile(2), "/b"), nullptr);
}

TEST_F(SnapshotCompilerTest, WhatLogsShowIsKeptOnceSomethingLogs) {
  std::atomic<bool> wanted{false};
  http::FilterContext context;
  context.recordsWanted = &wanted;
  compiler_.setFilterContext(context);
  route("r1", "/a", "");
  EXPECT_EQ(match(*compiler_.compile(1), "/a")->record, "");
  EXPECT_FALSE(compiler_.lacksRecords());
  wanted = true;
  EXPECT_TRUE(compiler_.lacksRecords());
  compiler_.beginReload();
  route("r1", "/a", "");
  compiler_.endReload(true);
  EXPECT_FALSE(compiler_.lacksRecords());
  EXPECT_NE(match(*compiler_.compile(2), "/a")->record.find("\"/a\""), std::string::npos);
}

TEST_F(SnapshotCompilerTest, AFilterOfOneConsumerGoesWithTheConsumerAndNotWithThePlans) {
  route("r1", "/a", "");
  plugin("own", "second", {{"consumer", "c1"}});  // before its consumer
  put("consumers", "c1", {{"username", "alice"}});
  auto snapshot = compiler_.compile(1);
  const http::FilterPlan* plan = planOf(*snapshot, "/a");
  EXPECT_EQ(tags(*plan, snapshot->directory->findConsumerByName("alice")), Tags{"own"});
  EXPECT_EQ(tags(*plan, nullptr), Tags{});
  EXPECT_EQ(plan->stateBytes, 16u) << "there is room for it";
  put("consumers", "c2", {{"username", "bob"}});
  plugin("another", "second", {{"consumer", "c2"}});
  auto next = compiler_.compile(2);
  EXPECT_EQ(planOf(*next, "/a"), plan) << "one more of the same needs makes no plan anew";
  EXPECT_EQ(tags(*plan, next->directory->findConsumerByName("bob")), Tags{"another"});
  drop("plugins", "own");
  drop("plugins", "another");
  EXPECT_EQ(compiler_.compile(3)->globalPlan->entries.size(), 0u);
}

TEST_F(SnapshotCompilerTest, AnAbsentConsumersKeyIsNobodysEvenWhenItsPlaceIsFree) {
  put("consumers", "c1", {{"username", "alice"}});
  put("keyauth_credentials", "k1", {{"key", "sekret"}, {"consumer", {{"id", "c1"}}}});
  drop("consumers", "c1");
  put("consumers", "c2", {{"username", "bob"}});
  auto snapshot = compiler_.compile(1);
  EXPECT_EQ(snapshot->directory->findKey("sekret").credential, nullptr);
  put("consumers", "c1", {{"username", "alice"}});
  snapshot = compiler_.compile(2);
  const http::KeyOwner owner = snapshot->directory->findKey("sekret");
  ASSERT_NE(owner.credential, nullptr);
  EXPECT_EQ(owner.consumer->username, "alice");
}

}  // namespace
}  // namespace tollgate::config
