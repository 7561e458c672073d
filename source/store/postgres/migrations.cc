#include "source/store/postgres/migrations.h"

#include <algorithm>
#include <map>
#include <thread>

#include "source/base/json.h"
#include "source/store/postgres/session.h"
#include "source/store/postgres/views.h"
#include "source/store/sql_store.h"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLockInterval{100};
constexpr const char* kLockClass = "1414482509";
constexpr const char* kExecuted = "executed";
constexpr const char* kPending = "pending";
/// Everything of ours but the views, what refers to others first.
constexpr const char* kTables[] = {
    "changes",  "revisions", "tags",        "foreign_keys", "unique_keys",      "entities",
    "counters", "nodes",     "store_state", "facts",        "schema_migrations"};

void ignoreRow(const SqlRow&) {}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string noteOf(const std::string& name, const char* state) {
  return "INSERT INTO schema_migrations (name, state) VALUES (" + quoteLiteral(name) + ", '" +
         state + "') ON CONFLICT (name) DO UPDATE SET state = excluded.state, at = now()";
}

Error notBootstrapped() {
  return Error::notFound(
      "can't migrate: database not bootstrapped: run `tollgate migrations bootstrap`");
}

}  // namespace

/// The lock that one migrating node holds; the server frees it with the session.
class Migrations::Locked {
 public:
  static Status take(Session& session, const PostgresSettings& settings, const Options& options) {
    auto deadline = Clock::now() + options.lockTimeout;
    while (true) {
      bool taken = false;
      Status status = session.run(
          std::string("SELECT pg_try_advisory_lock(") + kLockClass + ", hashtext($1))",
          {settings.schema}, [&](const SqlRow& row) { taken = row[0] == "t"; },
          Clock::now() + options.timeout);
      if (!status || taken) return status;
      if (Clock::now() >= deadline) {
        return Error::conflict("aborted: another node is performing database changes");
      }
      std::this_thread::sleep_for(kLockInterval);
    }
  }
};

std::vector<Migrations::Step> Migrations::steps() {
  std::vector<Step> steps;
  for (SqlStore::SchemaStep& step : SqlStore::schema("TEXT COLLATE \"C\"")) {
    steps.push_back({std::move(step.name), std::move(step.statements), {}});
  }
  return steps;
}

Result<std::unique_ptr<Migrations>> Migrations::open(PostgresSettings settings) {
  return open(std::move(settings), Options());
}

Result<std::unique_ptr<Migrations>> Migrations::open(PostgresSettings settings, Options options) {
  if (Status status = settings.check(); !status) return std::move(status).error();
  settings.timeout = options.timeout;
  return std::unique_ptr<Migrations>(new Migrations(std::move(settings), std::move(options)));
}

Result<std::unique_ptr<Session>> Migrations::connect() {
  return Session::connect(settings_, Clock::now() + settings_.connectTimeout);
}

const Migrations::Step* Migrations::find(const std::string& name) const {
  auto found = std::find_if(options_.steps.begin(), options_.steps.end(),
                            [&](const Step& step) { return step.name == name; });
  return found == options_.steps.end() ? nullptr : &*found;
}

Result<Migrations::State> Migrations::readState(Session& session) {
  State state;
  auto deadline = Clock::now() + options_.timeout;
  bool exists = false;
  Status status = session.run(
      "SELECT to_regclass('schema_migrations')", {},
      [&](const SqlRow& row) { exists = row[0].has_value(); }, deadline);
  std::map<std::string, std::string> noted;
  if (status.ok() && exists) {
    status = session.run(
        "SELECT name, state FROM schema_migrations", {},
        [&](const SqlRow& row) { noted[*row[0]] = *row[1]; }, deadline);
  }
  if (!status) return std::move(status).error();
  state.needsBootstrap = noted.empty();
  for (const auto& [name, what] : noted) {
    (what == kPending ? state.pending : state.executed).push_back(name);
  }
  for (const Step& step : options_.steps) {
    if (!noted.contains(step.name)) state.fresh.push_back(step.name);
  }
  return state;
}

Result<Migrations::State> Migrations::state() {
  auto session = connect();
  if (!session) return std::move(session).error();
  return readState(**session);
}

Status Migrations::inTransaction(Session& session, const std::vector<std::string>& statements) {
  auto run = [&](const std::string& sql) {
    return session.script(sql, ignoreRow, Clock::now() + options_.timeout);
  };
  Status status = run("BEGIN");
  for (size_t i = 0; status.ok() && i < statements.size(); ++i) status = run(statements[i]);
  if (status.ok()) return run("COMMIT");
  if (!session.lost()) (void)run("ROLLBACK");
  return status;
}

std::vector<std::string> Migrations::expansion(const Step& step, bool contractToo) const {
  std::vector<std::string> statements = step.expand;
  bool leftOver = !contractToo && !step.contract.empty();
  if (contractToo) {
    statements.insert(statements.end(), step.contract.begin(), step.contract.end());
  }
  statements.push_back(noteOf(step.name, leftOver ? kPending : kExecuted));
  return statements;
}

std::vector<std::string> Migrations::bootstrapStatements() const {
  std::vector<std::string> statements;
  if (!settings_.schema.empty()) {
    statements.push_back("CREATE SCHEMA IF NOT EXISTS " + quoteIdentifier(settings_.schema));
  }
  statements.push_back(
      "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT COLLATE \"C\" PRIMARY KEY,"
      " state TEXT NOT NULL, at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now())");
  for (const Step& step : options_.steps) {
    // Nobody runs on a new database yet, so there is nothing to wait for.
    auto own = expansion(step, true);
    statements.insert(statements.end(), own.begin(), own.end());
  }
  return statements;
}

Result<Migrations::Report> Migrations::bootstrap() {
  auto session = connect();
  if (!session) return std::move(session).error();
  if (Status status = Locked::take(**session, settings_, options_); !status) {
    return std::move(status).error();
  }
  auto state = readState(**session);
  if (!state) return std::move(state).error();
  if (!state->needsBootstrap) return Report{0, "Database already bootstrapped\n"};
  bool foreign = false;
  Status status = (*session)->run(
      "SELECT to_regclass('schema_meta')", {},
      [&](const SqlRow& row) { foreign = row[0].has_value(); }, Clock::now() + options_.timeout);
  if (status.ok() && foreign) {
    return Error::conflict("the database " + settings_.place() +
                           " holds the tables of another gateway (schema_meta); name an empty one "
                           "with pg_database or pg_schema");
  }
  if (status.ok()) status = inTransaction(**session, bootstrapStatements());
  Report report{0, "Bootstrapping database...\n"};
  for (const Step& step : options_.steps) report.text += "migrated up to: " + step.name + "\n";
  if (status.ok()) status = refreshViews(**session, report.text);
  if (!status) return std::move(status).error();
  report.text += std::to_string(options_.steps.size()) + " migrations processed\n" +
                 "Database is up-to-date\n";
  return report;
}

Result<Migrations::Report> Migrations::up() {
  auto session = connect();
  if (!session) return std::move(session).error();
  if (Status status = Locked::take(**session, settings_, options_); !status) {
    return std::move(status).error();
  }
  auto state = readState(**session);
  if (!state) return std::move(state).error();
  if (state->needsBootstrap) return notBootstrapped();
  if (state->fresh.empty()) {
    if (state->pending.empty()) return Report{0, "Database is already up-to-date\n"};
    return Report{0,
                  "Database has pending migrations; run 'tollgate migrations finish' when ready\n"};
  }
  if (!state->pending.empty()) {
    return Report{1, "Database has pending migrations; run 'tollgate migrations finish'\n"};
  }
  Report report;
  size_t pending = 0;
  for (const std::string& name : state->fresh) {
    const Step& step = *find(name);
    report.text += "migrating: " + name + "\n";
    if (Status status = inTransaction(**session, expansion(step, false)); !status) {
      return Error{status.error().kind, "migration " + name + ": " + status.error().text(), {}};
    }
    pending += step.contract.empty() ? 0 : 1;
  }
  if (Status status = refreshViews(**session, report.text); !status) {
    return std::move(status).error();
  }
  report.text += std::to_string(state->fresh.size()) + " migrations processed\n";
  report.text +=
      pending == 0
          ? "Database is up-to-date\n"
          : "Database has pending migrations; run 'tollgate migrations finish' when ready\n";
  return report;
}

Result<Migrations::Report> Migrations::finish() {
  auto session = connect();
  if (!session) return std::move(session).error();
  if (Status status = Locked::take(**session, settings_, options_); !status) {
    return std::move(status).error();
  }
  auto state = readState(**session);
  if (!state) return std::move(state).error();
  if (state->needsBootstrap) return notBootstrapped();
  if (state->pending.empty()) return Report{0, "No pending migrations to finish\n"};
  Report report;
  for (const std::string& name : state->pending) {
    const Step* step = find(name);
    if (step == nullptr) {
      return Error::invalid("migration " + name +
                            " is of a newer program: finish it with that one");
    }
    report.text += "finishing: " + name + "\n";
    std::vector<std::string> statements = step->contract;
    statements.push_back(noteOf(name, kExecuted));
    if (Status status = inTransaction(**session, statements); !status) {
      return Error{status.error().kind, "migration " + name + ": " + status.error().text(), {}};
    }
  }
  report.text += "Database is up-to-date\n";
  return report;
}

Result<Migrations::Report> Migrations::list() {
  auto state = this->state();
  if (!state) return std::move(state).error();
  if (state->needsBootstrap) {
    return Report{3, "Database needs bootstrapping; run 'tollgate migrations bootstrap'\n"};
  }
  Report report;
  if (!state->executed.empty()) {
    report.text += "Executed migrations:\n  " + joined(state->executed) + "\n";
  }
  if (!state->pending.empty()) {
    report.exitCode = 4;
    report.text += "Pending migrations:\n  " + joined(state->pending) +
                   "\nRun 'tollgate migrations finish' when ready\n";
  }
  if (!state->fresh.empty()) {
    if (report.exitCode == 0) report.exitCode = 5;
    report.text += "New migrations available:\n  " + joined(state->fresh) +
                   "\nRun 'tollgate migrations up' to proceed\n";
  }
  return report;
}

Result<Migrations::Report> Migrations::status() {
  auto state = this->state();
  if (!state) return std::move(state).error();
  Json out = {{"needs_bootstrap", state->needsBootstrap},
              {"executed_migrations", state->executed},
              {"pending_migrations", state->pending},
              {"new_migrations", state->fresh}};
  return Report{0, out.dump(2) + "\n"};
}

Result<Migrations::Report> Migrations::reset() {
  auto session = connect();
  if (!session) return std::move(session).error();
  if (Status status = Locked::take(**session, settings_, options_); !status) {
    return std::move(status).error();
  }
  auto state = readState(**session);
  if (!state) return std::move(state).error();
  if (state->needsBootstrap) return Report{1, "Database not bootstrapped, nothing to reset\n"};
  std::vector<std::string> statements;
  for (const char* table : kTables) {
    // The views go with the tables that they show.
    statements.push_back(std::string("DROP TABLE IF EXISTS ") + table + " CASCADE");
  }
  if (Status status = inTransaction(**session, statements); !status) {
    return std::move(status).error();
  }
  return Report{0, "Resetting database...\nDatabase successfully reset\n"};
}

/// Views follow the schemas of the program and carry no data: they are no numbered step.
Status Migrations::refreshViews(Session& session, std::string& text) {
  for (const KindView& view : kindViews()) {
    std::string name = quoteIdentifier(view.name);
    std::string create = "CREATE OR REPLACE VIEW " + name + " AS " + view.select;
    Status status = inTransaction(session, {create});
    if (!status && session.sqlState() == "42P16") {  // columns are gone or have changed their type
      status = inTransaction(session, {"DROP VIEW " + name, create});
    }
    if (session.lost()) return status;
    if (!status) text += "[warn] view " + view.name + ": " + status.error().text() + "\n";
  }
  return {};
}

}  // namespace tollgate::store
