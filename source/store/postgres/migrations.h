#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "source/store/postgres/settings.h"

namespace tollgate::store {

class Session;

/// Brings the tables in Postgres to this program's version. Steps are numbered and each runs in one
/// transaction, so that a kill leaves whole steps; one node at a time migrates, under an advisory
/// lock. A step first expands what there is (`up`), so that the older program runs on beside the
/// newer one, and later contracts it (`finish`), once no older program runs any more. One thread at
/// a time; calls block up to the options' limits. Errors: kUnavailable with cause and remedy,
/// kConflict "aborted: another node is performing database changes".
class Migrations {
 public:
  struct Step {
    std::string name;                   ///< "001_entities": sorts in the order of the steps.
    std::vector<std::string> expand;    ///< Can be run again.
    std::vector<std::string> contract;  ///< Mostly none. Can be run again.
  };
  struct Options {
    std::chrono::milliseconds lockTimeout{60'000};  ///< Waiting for another node that migrates.
    std::chrono::milliseconds timeout{60'000};      ///< For one statement.
    std::vector<Step> steps = Migrations::steps();
  };
  /// What there is and what is missing.
  struct State {
    bool needsBootstrap = false;
    std::vector<std::string> executed, pending, fresh;  ///< pending: to finish; fresh: not yet run.
    bool upToDate() const { return !needsBootstrap && pending.empty() && fresh.empty(); }
  };
  /// What the command line prints, and its exit status.
  struct Report {
    int exitCode = 0;
    std::string text;  ///< Lines, each with its line feed.
  };

  /// Only checks the settings; the commands connect.
  static Result<std::unique_ptr<Migrations>> open(PostgresSettings settings);
  static Result<std::unique_ptr<Migrations>> open(PostgresSettings settings, Options options);
  /// The steps of this program.
  static std::vector<Step> steps();

  /// Creates everything, all or nothing.
  Result<Report> bootstrap();
  /// Runs the steps that are new.
  Result<Report> up();
  /// Contracts what `up` left pending.
  Result<Report> finish();
  /// Exit status 3: needs bootstrap, 4: steps pending, 5: new steps.
  Result<Report> list();
  /// The state as JSON.
  Result<Report> status();
  /// Drops everything that is ours, documents included. Whoever calls has asked the user.
  Result<Report> reset();

  Result<State> state();

 private:
  Migrations(PostgresSettings settings, Options options)
      : settings_(std::move(settings)), options_(std::move(options)) {}

  class Locked;
  Result<std::unique_ptr<Session>> connect();
  Result<State> readState(Session& session);
  Status inTransaction(Session& session, const std::vector<std::string>& statements);
  std::vector<std::string> expansion(const Step& step, bool contractToo) const;
  Status refreshViews(Session& session, std::string& text);
  std::vector<std::string> bootstrapStatements() const;
  const Step* find(const std::string& name) const;

  PostgresSettings settings_;
  Options options_;
};

}  // namespace tollgate::store
