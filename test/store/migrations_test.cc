
#include "source/base/json.h"
#include "source/store/postgres/session.h"
#include "test/store/support.h"

namespace tollgate::store {
namespace {

using Step = Migrations::Step;

class MigrationsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::PostgresServer::available()) GTEST_SKIP() << "no Postgres on this machine";
    settings_ = freshSchema(server());
  }
  static test::PostgresServer& server() { return test::PostgresServer::shared(); }
  std::unique_ptr<Migrations> open(std::vector<Step> extra = {}) {
    Migrations::Options options;
    options.steps.insert(options.steps.end(), extra.begin(), extra.end());
    options.lockTimeout = std::chrono::milliseconds(200);
    return Migrations::open(settings_, options).value();
  }
  static void expect(Result<Migrations::Report> report, int exitCode, std::string_view text) {
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->exitCode, exitCode);
    EXPECT_NE(report->text.find(text), std::string::npos) << report->text;
  }
  static std::vector<Step> nextVersion() {
    return {{"900_color", {"ALTER TABLE tags ADD COLUMN IF NOT EXISTS color TEXT"}, {}},
            {"901_no_color",
             {"ALTER TABLE tags ADD COLUMN IF NOT EXISTS colour TEXT"},
             {"ALTER TABLE tags DROP COLUMN IF EXISTS color"}}};
  }
  std::string columnsOfTags() {
    return server().psql(
        "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM "
        "information_schema.columns WHERE table_name = 'tags' AND table_schema = '" +
        settings_.schema + "'");
  }

  PostgresSettings settings_;
};

TEST_F(MigrationsTest, BootstrapOnceAndThenHaveNothingToDo) {
  expect(open()->list(), 3, "Database needs bootstrapping; run 'tollgate migrations bootstrap'");
  EXPECT_EQ(open()->up().error().kind, Error::Kind::kNotFound);
  expect(open()->bootstrap(), 0, "Bootstrapping database...\n");
  expect(open()->bootstrap(), 0, "Database already bootstrapped\n");
  expect(open()->up(), 0, "Database is already up-to-date\n");
  expect(open()->finish(), 0, "No pending migrations to finish\n");
  expect(open()->list(), 0,
         "Executed migrations:\n  001_entities, 002_counters, 002_nodes, 003_facts\n");
  EXPECT_TRUE(open()->state().value().upToDate());
}

TEST_F(MigrationsTest, ExpandFirstAndContractLater) {
  expect(open()->bootstrap(), 0, "Database is up-to-date\n");
  expect(open(nextVersion())->list(), 5, "New migrations available:\n  900_color, 901_no_color\n");
  expect(open(nextVersion())->up(), 0, "2 migrations processed\nDatabase has pending migrations");
  EXPECT_EQ(columnsOfTags(), "kind id tag color colour\n");
  expect(open(nextVersion())->list(), 4, "Pending migrations:\n  901_no_color\n");
  expect(open(nextVersion())->up(), 0, "run 'tollgate migrations finish' when ready");
  auto later = nextVersion();
  later.push_back({"902_more", {"SELECT 1"}, {}});
  expect(open(later)->up(), 1,
         "Database has pending migrations; run 'tollgate migrations finish'\n");
  auto status = Json::parse(open(later)->status().value().text);
  EXPECT_EQ(status["pending_migrations"], (Json{"901_no_color"}));
  EXPECT_EQ(status["new_migrations"], (Json{"902_more"}));
  EXPECT_EQ(status["needs_bootstrap"], false);
  EXPECT_TRUE(
      openPostgres(settings_, SmallWorld::keys()).value()->revision());  // the older program
  EXPECT_FALSE(open()->finish());  // the older program does not know what to contract
  expect(open(nextVersion())->finish(), 0, "Database is up-to-date\n");
  EXPECT_EQ(columnsOfTags(), "kind id tag colour\n");
}

TEST_F(MigrationsTest, GoOnAfterAStepThatFailed) {
  expect(open()->bootstrap(), 0, "up-to-date");
  std::vector<Step> broken = {
      {"900_fine", {"ALTER TABLE tags ADD COLUMN color TEXT"}, {}},
      {"901_bad", {"ALTER TABLE tags ADD COLUMN colour TEXT", "SELEC"}, {}}};
  auto report = open(broken)->up();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().text().find("migration 901_bad: "), std::string::npos);
  EXPECT_EQ(columnsOfTags(), "kind id tag color\n");  // whole steps only
  broken[1].expand.pop_back();
  expect(open(broken)->up(), 0, "1 migrations processed");
  EXPECT_EQ(columnsOfTags(), "kind id tag color colour\n");
}

TEST_F(MigrationsTest, BootstrapAllOrNothing) {
  EXPECT_FALSE(open({{"900_bad", {"SELEC"}, {}}})->bootstrap());
  EXPECT_TRUE(open()->state().value().needsBootstrap);
  expect(open()->bootstrap(), 0, "up-to-date");
}

TEST_F(MigrationsTest, LetOnlyOneNodeMigrate) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto other = Session::connect(settings_, deadline).value();
  ASSERT_TRUE(other->run(
      "SELECT pg_advisory_lock(1414482509, hashtext($1))", {settings_.schema}, [](const SqlRow&) {},
      deadline));
  auto report = open()->bootstrap();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "aborted: another node is performing database changes");
  other.reset();  // a node that is killed frees the lock
  Migrations::Options options;
  expect(Migrations::open(settings_, options).value()->bootstrap(), 0, "up-to-date");
}

TEST_F(MigrationsTest, ResetDropsEverythingAndOnlyWhatIsOurs) {
  expect(open()->reset(), 1, "Database not bootstrapped, nothing to reset\n");
  expect(open()->bootstrap(), 0, "up-to-date");
  server().psql("CREATE TABLE " + settings_.schema + ".mine (id INT)");
  expect(open()->reset(), 0, "Database successfully reset\n");
  EXPECT_EQ(server().psql(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = '" +
                settings_.schema + "'::regnamespace"),
            "mine\n");
  expect(open()->bootstrap(), 0, "up-to-date");
}

TEST_F(MigrationsTest, DoNotTouchTheTablesOfAnotherGateway) {
  server().psql("CREATE SCHEMA " + settings_.schema + "; CREATE TABLE " + settings_.schema +
                ".schema_meta (key TEXT)");
  auto report = open()->bootstrap();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("another gateway"), std::string::npos);
}

TEST_F(MigrationsTest, GiveAViewOfEveryKind) {
  bootstrap(settings_);
  auto store = openPostgres(settings_, KeyExtractor::fromSchemas()).value();
  std::vector<Change> changes = {
      SmallWorld::insert("services", "s", {{"name", "shop"}, {"port", 8080}, {"enabled", true}}),
      SmallWorld::insert("routes", "r", {{"service", {{"id", "s"}}}, {"paths", {"/a"}}})};
  SmallWorld::must(*store, std::move(changes));
  auto query = [&](const std::string& sql) {
    return server().psql("SET search_path TO " + settings_.schema + "; " + sql);
  };
  EXPECT_EQ(query("SELECT id, name, port + 1, enabled FROM services"), "s|shop|8081|t\n");
  EXPECT_EQ(query("SELECT id, service_id, paths ->> 0 FROM routes"), "r|s|/a\n");
  for (const auto* schema : schema::EntitySchema::all()) {
    query("SELECT * FROM " + schema->kind());
  }
}

}  // namespace
}  // namespace tollgate::store
