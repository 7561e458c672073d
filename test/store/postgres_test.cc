#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "test/store/support.h"
#include "test/store/trouble.h"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BlackHole;
using test::PostgresServer;
using test::TroubleProxy;

/// Counts calls from another thread, and waits for them.
class Bell {
 public:
  void ring() {
    std::lock_guard lock(mutex_);
    ++rung_;
    changed_.notify_all();
  }
  int rung() {
    std::lock_guard lock(mutex_);
    return rung_;
  }
  bool await(int count, milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return rung_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int rung_ = 0;
};

class PostgresTest : public testing::Test, protected SmallWorld {
 protected:
  void SetUp() override {
    if (!PostgresServer::available()) GTEST_SKIP() << "no Postgres on this machine";
    settings_ = freshSchema(server());
    bootstrap(settings_);
  }
  static PostgresServer& server() { return PostgresServer::shared(); }
  static std::unique_ptr<Store> open(const PostgresSettings& settings) {
    auto opened = openPostgres(settings, keys());
    if (!opened) ADD_FAILURE() << opened.error().text();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  /// The text of the error that a read runs into; it must not take longer than `limit`.
  static std::string failure(Store& store, milliseconds limit = seconds(3)) {
    auto began = Clock::now();
    auto revision = store.revision();
    EXPECT_LT(Clock::now() - began, limit);
    if (revision) {
      ADD_FAILURE() << "no failure";
      return "";
    }
    EXPECT_EQ(revision.error().kind, Error::Kind::kUnavailable);
    EXPECT_FALSE(store.reachable());
    EXPECT_EQ(revision.error().text().find("correct horse"), std::string::npos);
    return revision.error().text();
  }
  /// Until the store answers again.
  static bool recovers(Store& store) {
    for (auto end = Clock::now() + seconds(15); Clock::now() < end;) {
      if (store.revision()) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }
  static std::variant<Commit, Refusal> write(Store& store, const std::string& id) {
    return store.transact({insert("parents", id)}, {"tester", "because"});
  }
  /// Until the session that loads has stood still for that long, by the server's own account.
  static void waitUntilTheServerWaited(milliseconds span) {
    const std::string sql =
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND"
        " query ~ 'FROM whole|entities e' AND clock_timestamp() - state_change > interval '" +
        std::to_string(span.count()) + " ms'";
    for (auto end = Clock::now() + seconds(15); Clock::now() < end;) {
      if (server().psql(sql) != "0\n") return;
    }
    ADD_FAILURE() << "the session is gone, or never stood still";
  }
  static void waitUntilSessionsEnded() {
    const char* sql =
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND"
        " backend_type = 'client backend'";
    for (auto end = Clock::now() + seconds(15); Clock::now() < end;) {
      if (server().psql(sql) == "0\n") return;
    }
    ADD_FAILURE() << "a session stays";
  }
  static bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
  }

  PostgresSettings settings_;
};

TEST_F(PostgresTest, RefusesSettingsThatMakeNoSense) {
  PostgresSettings settings;
  settings.port = 0;
  EXPECT_EQ(openPostgres(settings, keys()).error().place, "pg_port");
  settings = {};
  settings.timeout = milliseconds(0);
  EXPECT_EQ(openPostgres(settings, keys()).error().place, "pg_timeout");
  settings = {};
  settings.host = "a,b";
  EXPECT_EQ(openPostgres(settings, keys()).error().kind, Error::Kind::kInvalid);
}

TEST_F(PostgresTest, OpensWithoutAServerAndSaysWhyCallsFail) {
  settings_.port = test::freePort();
  auto store = open(settings_);
  EXPECT_TRUE(has(failure(*store), "check that the server runs"));
  EXPECT_TRUE(has(failure(*store, milliseconds(100)), "next attempt in"));
  auto refused = write(*store, "1");
  EXPECT_EQ(std::get<Refusal>(refused).kind, Refusal::Kind::kUnavailable);
}

TEST_F(PostgresTest, NamesAHostThatDoesNotExist) {
  settings_.host = "no-such-host.invalid";
  settings_.connectTimeout = milliseconds(1500);
  EXPECT_TRUE(has(failure(*open(settings_)), "no-such-host.invalid"));
}

TEST_F(PostgresTest, GivesUpOnAServerThatNeverAnswers) {
  BlackHole hole;
  settings_.port = hole.port();
  settings_.connectTimeout = milliseconds(200);
  auto store = open(settings_);
  EXPECT_TRUE(has(failure(*store, milliseconds(1000)), "no answer to the log-in within 200 ms"));
  EXPECT_TRUE(has(failure(*store, milliseconds(100)), "next attempt in"));
}

TEST_F(PostgresTest, GivesUpOnAServerThatStopsAnsweringAndComesBack) {
  settings_.timeout = settings_.connectTimeout = milliseconds(300);
  auto store = open(settings_);
  must(*store, {insert("parents", "1")});
  server().freeze();
  EXPECT_TRUE(has(failure(*store, milliseconds(1000)), "within 300 ms"));
  EXPECT_TRUE(has(failure(*store, milliseconds(1000)), "within 300 ms"));
  server().thaw();
  EXPECT_TRUE(recovers(*store));
  EXPECT_TRUE(store->reachable());
  EXPECT_EQ(must(*store, {insert("parents", "2")}).revision, 2u);
}

TEST_F(PostgresTest, AskForThePasswordButNeverTellIt) {
  settings_.password = "incorrect horse";
  std::string text = failure(*open(settings_));
  EXPECT_TRUE(has(text, "check pg_user and pg_password")) << text;
  EXPECT_FALSE(has(text, settings_.password));
  settings_.database = "nowhere";
  settings_.password = server().password();
  EXPECT_TRUE(has(failure(*open(settings_)), "\"nowhere\" does not exist"));
}

TEST_F(PostgresTest, TalksOverAUnixSocketWithoutAPassword) {
  settings_.host = server().socketFolder();
  settings_.password.clear();
  EXPECT_EQ(must(*open(settings_), {insert("parents", "1")}).revision, 1u);
}

TEST_F(PostgresTest, TalksTlsAndChecksTheCertificate) {
  settings_.ssl = settings_.sslRequired = true;
  auto store = open(settings_);
  must(*store, {insert("parents", "1")});
  EXPECT_EQ(server().psql("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                          " WHERE application_name = 'tollgate' AND ssl"),
            "t\n");
  settings_.sslVerify = true;
  settings_.host = "localhost";
  EXPECT_TRUE(has(failure(*open(settings_)), "pg_ssl_verify"));  // unknown to the system
  settings_.caFile = server().certificate();
  auto verified = open(settings_);
  must(*verified, {insert("parents", "2", {{"pad", std::string(300'000, 'x')}})});
  size_t loaded = 0;
  EXPECT_EQ(verified->load([&](Entity entity) { loaded += entity.doc.dump().size(); }).value(), 2u);
  EXPECT_GT(loaded, 300'000u);
  settings_.host = "127.0.0.1";  // the certificate is for localhost
  EXPECT_TRUE(has(failure(*open(settings_)), "certificate"));
}

TEST_F(PostgresTest, FallsBackToPlainTextOnlyWhereTlsIsNotRequired) {
  PostgresServer plain;
  plain.stop();
  plain.start({"ssl=off"});
  PostgresSettings settings = freshSchema(plain);
  settings.ssl = true;
  bootstrap(settings);
  EXPECT_EQ(open(settings)->revision().value(), 0u);
  settings.sslRequired = true;
  EXPECT_TRUE(has(failure(*open(settings)), "SSL"));
}

TEST_F(PostgresTest, SendsPeopleToTheMigrations) {
  auto store = open(freshSchema(server()));
  EXPECT_TRUE(has(failure(*store), "run `tollgate migrations bootstrap`"));
  auto refused = write(*store, "1");
  EXPECT_TRUE(has(std::get<Refusal>(refused).message, "run `tollgate migrations bootstrap`"));
}

TEST_F(PostgresTest, HearsOfAnotherNodesWriteWellWithinASecond) {
  auto here = open(settings_), there = open(settings_);
  Bell bell;
  here->watch([&] { bell.ring(); });
  ASSERT_TRUE(bell.await(1, seconds(10)));  // listens
  must(*there, {insert("parents", "1")});
  ASSERT_TRUE(bell.await(2, milliseconds(800)));
  ASSERT_EQ(here->changesSince(0).value().size(), 1u);
  EXPECT_EQ(here->changesSince(0).value()[0].changes[0].id, "1");
  there->watch([] {});
  must(*there, {remove("parents", "1")});
  EXPECT_TRUE(bell.await(3, milliseconds(800)));
}

TEST_F(PostgresTest, FindsAWriteThatNobodyAnnounced) {
  settings_.pollInterval = milliseconds(100);
  auto store = open(settings_);
  Bell bell;
  store->watch([&] { bell.ring(); });
  ASSERT_TRUE(bell.await(1, seconds(10)));
  server().psql("INSERT INTO " + settings_.schema +
                ".revisions VALUES (1, '0', 'a person', 'psql')");
  EXPECT_TRUE(bell.await(2, seconds(5)));
}

TEST_F(PostgresTest, WatchesOnAfterTheServerCameBack) {
  auto here = open(settings_), there = open(settings_);
  Bell bell;
  here->watch([&] { bell.ring(); });
  ASSERT_TRUE(bell.await(1, seconds(10)));
  server().crash();
  server().start();
  ASSERT_TRUE(recovers(*there));
  must(*there, {insert("parents", "1")});
  EXPECT_TRUE(bell.await(2, seconds(10)));
}

TEST_F(PostgresTest, EndsAtOnceWhateverTheWatcherIsDoing) {
  BlackHole hole;
  for (uint16_t port : {settings_.port, hole.port(), test::freePort()}) {
    PostgresSettings settings = settings_;
    settings.port = port;
    settings.connectTimeout = seconds(60);
    Bell bell;
    auto store = open(settings);
    store->watch([&] { bell.ring(); });
    if (port == settings_.port) bell.await(1, seconds(10));
    auto began = Clock::now();
    store.reset();
    EXPECT_LT(Clock::now() - began, seconds(1));
  }
}

TEST_F(PostgresTest, UsesANewConnectionAfterTheServerRestarted) {
  auto store = open(settings_);
  must(*store, {insert("parents", "1")});
  server().stop();
  server().start();
  EXPECT_EQ(must(*store, {insert("parents", "2")}).revision, 2u);
}

TEST_F(PostgresTest, KnowsThatACommitArrivedThoughItsAnswerWasLost) {
  TroubleProxy proxy(settings_.port);
  settings_.port = proxy.port();
  auto store = open(settings_);
  proxy.at(TroubleProxy::Trouble::kDropAfter);
  EXPECT_EQ(must(*store, {insert("parents", "1")}).revision, 1u);
  EXPECT_TRUE(proxy.happened());
  EXPECT_TRUE(store->get("parents", "1").value());
  EXPECT_EQ(must(*store, {insert("parents", "2")}).revision, 2u);
}

TEST_F(PostgresTest, KnowsThatACommitNeverArrived) {
  TroubleProxy proxy(settings_.port);
  settings_.port = proxy.port();
  auto store = open(settings_);
  proxy.at(TroubleProxy::Trouble::kDropBefore);
  auto result = write(*store, "1");
  EXPECT_TRUE(proxy.happened());
  ASSERT_TRUE(std::holds_alternative<Refusal>(result));
  EXPECT_TRUE(has(std::get<Refusal>(result).message, "nothing was written"))
      << std::get<Refusal>(result).message;
  EXPECT_FALSE(store->get("parents", "1").value());
  EXPECT_EQ(must(*store, {insert("parents", "1")}).revision, 1u);
}

TEST_F(PostgresTest, SaysSoWhenTheOutcomeIsUnknown) {
  TroubleProxy proxy(settings_.port);
  settings_.port = proxy.port();
  settings_.timeout = milliseconds(300);
  auto store = open(settings_);
  proxy.at(TroubleProxy::Trouble::kSilence);
  auto began = Clock::now();
  auto result = write(*store, "1");
  EXPECT_LT(Clock::now() - began, seconds(2));
  ASSERT_TRUE(std::holds_alternative<Refusal>(result));
  EXPECT_TRUE(has(std::get<Refusal>(result).message, "outcome unknown"))
      << std::get<Refusal>(result).message;
}

TEST_F(PostgresTest, LoadsMoreThanIsReadWithinTheLimitOfAStatement) {
  constexpr size_t kEntities = 1500;
  {
    std::vector<Change> changes;
    for (size_t i = 0; i < kEntities; ++i) {
      // Together more than lies between the server and us while nobody reads.
      changes.push_back(insert("parents", std::to_string(i), {{"text", std::string(16384, 'x')}}));
    }
    must(*open(settings_), std::move(changes));
  }
  settings_.timeout = milliseconds(500);
  auto store = open(settings_);
  size_t seen = 0;
  auto revision = store->load([&](Entity) {
    if (++seen == 1) waitUntilTheServerWaited(3 * settings_.timeout);
  });
  ASSERT_TRUE(revision.ok()) << revision.error().text();
  EXPECT_EQ(*revision, 1u);
  EXPECT_EQ(seen, kEntities);
  EXPECT_EQ(must(*store, {insert("parents", "after")}).revision, 2u);
}

TEST_F(PostgresTest, ReadsWhatIsNewAndNotAllThatALargeRevisionHolds) {
  constexpr size_t kMany = 20000;
  {
    std::vector<Change> changes;
    for (size_t i = 0; i < kMany; ++i) changes.push_back(insert("parents", std::to_string(i)));
    must(*open(settings_), std::move(changes));
  }
  // From now on the server knows that a revision has many changes.
  server().psql("ANALYZE " + settings_.schema + ".changes, " + settings_.schema + ".revisions");
  const std::string rowsRead =
      "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE"
      " relname = 'changes' AND schemaname = '" +
      settings_.schema + "'";
  auto writer = open(settings_), reader = open(settings_);
  ASSERT_EQ(*reader->load([](Entity) {}), 1u);
  must(*writer, {insert("parents", "new")});
  writer.reset();
  const size_t before = std::stoul(server().psql(rowsRead));
  for (int i = 0; i < 10; ++i) ASSERT_EQ(reader->changesSince(1).value().size(), 1u);
  reader.reset();
  waitUntilSessionsEnded();  // only then have they accounted for what they read
  EXPECT_LT(std::stoul(server().psql(rowsRead)) - before, kMany);
}

TEST_F(PostgresTest, ANodeThatWentSilentDoesNotKeepOthersFromWriting) {
  TroubleProxy proxy(settings_.port);
  PostgresSettings silent = settings_, patient = settings_;
  silent.port = proxy.port();
  silent.timeout = milliseconds(300);
  proxy.at(TroubleProxy::Trouble::kSilence);
  write(*open(silent), "1");  // its transaction stays open on the server, with the lock
  EXPECT_EQ(must(*open(patient), {insert("parents", "2")}).revision, 1u);
}

TEST_F(PostgresTest, LosesNoAcknowledgedWriteWhenTheServerIsKilled) {
  std::atomic<int> acknowledged{0};
  std::vector<std::pair<std::string, bool>> outcomes;  // id, committed; unknown ones left out
  std::jthread writer([&](const std::stop_token& stop) {
    auto store = open(settings_);
    for (int i = 0; !stop.stop_requested(); ++i) {
      std::string id = "id" + std::to_string(i);
      auto result = write(*store, id);
      bool committed = std::holds_alternative<Commit>(result);
      if (committed) ++acknowledged;
      if (committed || !has(std::get<Refusal>(result).message, "outcome unknown")) {
        outcomes.emplace_back(id, committed);
      }
    }
  });
  auto await = [&](int more) {
    for (int until = acknowledged + more; acknowledged < until;) std::this_thread::yield();
  };
  for (int round = 0; round < 3; ++round) {
    await(10);
    server().crash();
    server().start();
  }
  await(1);
  writer.request_stop();
  writer.join();
  auto store = open(settings_);
  std::set<std::string> stored;
  ASSERT_TRUE(store->load([&](Entity entity) { stored.insert(entity.id); }));
  for (const auto& [id, committed] : outcomes) EXPECT_EQ(stored.contains(id), committed) << id;
  EXPECT_EQ(store->revision().value(), stored.size());
}

}  // namespace
}  // namespace tollgate::store
