#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "source/server/commands.h"
#include "source/server/open_store.h"
#include "source/store/postgres/migrations.h"

namespace tollgate::server {
namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::clamp(seconds, 0.1, 86400.0) * 1000));
}

/// Asks a person; scripts have to say --yes.
bool confirmed(const MigrationOptions& options, std::string& problem) {
  if (options.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    problem = "not a tty: invoke 'reset' non-interactively with the --yes flag";
    return false;
  }
  fmt::print("> Are you sure? This operation is irreversible. [Y/n] ");
  std::string line;
  std::getline(std::cin, line);
  if (line == "Y" || line == "y" || line.empty()) return true;
  problem = "cancelled";
  return false;
}

Result<store::Migrations::Report> perform(store::Migrations& migrations, const std::string& action,
                                          const MigrationOptions& options) {
  if (action == "bootstrap" && options.force) {
    auto state = migrations.state();
    if (!state) return state.error();
    if (!state->needsBootstrap) {
      if (auto dropped = migrations.reset(); !dropped) return dropped.error();
    }
  }
  if (action == "bootstrap") return migrations.bootstrap();
  if (action == "up") return migrations.up();
  if (action == "finish") return migrations.finish();
  if (action == "list") return migrations.list();
  if (action == "status") return migrations.status();
  return migrations.reset();
}

}  // namespace

int runMigrations(const std::string& action, const CommonOptions& common,
                  const MigrationOptions& options) {
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
  if (!settings) return fail(settings.error().text());
  if (settings->text("database") != "postgres") {
    // The embedded store brings itself up to date when it is opened.
    if (!options.quiet)
      fmt::print("database is {}: nothing to migrate\n", settings->text("database"));
    return 0;
  }
  auto postgres = postgresSettings(*settings);
  if (!postgres) return fail(postgres.error().text());
  std::string problem;
  bool destructive = action == "reset";
  if (destructive && !confirmed(options, problem)) return fail(problem);
  store::Migrations::Options limits;
  limits.lockTimeout = milliseconds(options.lockTimeout);
  limits.timeout = milliseconds(options.dbTimeout);
  auto migrations = store::Migrations::open(std::move(postgres).value(), limits);
  if (!migrations) return fail(migrations.error().text());
  auto report = perform(**migrations, action, options);
  if (!report) return fail(report.error().text());
  if (!options.quiet) fmt::print("{}", report->text);
  return report->exitCode;
}

}  // namespace tollgate::server
