#pragma once

#include <map>
#include <string>
#include <vector>

namespace tollgate::server {

/// Runs the command line; returns the exit code. Results go to stdout, `Error: …` to stderr.
int runCommand(int argc, char** argv);

/// What every command understands.
struct CommonOptions {
  std::string conf;    ///< -c: a `name = value` file.
  std::string prefix;  ///< -p
  std::map<std::string, std::string> overrides() const;
};

/// `tollgate migrations ACTION` (bootstrap, up, finish, list, status, reset).
struct MigrationOptions {
  bool yes = false, quiet = false, force = false;
  double dbTimeout = 60, lockTimeout = 60;  ///< Seconds.
};
int runMigrations(const std::string& action, const CommonOptions& common,
                  const MigrationOptions& options);

/// `tollgate token new`: prints a token that nothing keeps, and its line for the tokens file.
struct TokenOptions {
  std::string name;
  std::vector<std::string> scopes;
};
int newToken(const TokenOptions& options);

/// `tollgate credentials ACTION` (status, convert, adopt).
int runCredentials(const std::string& action, const CommonOptions& common);

/// `tollgate config ACTION FILE` (init, parse, import, export, diff, and Kong's db_import,
/// db_export). diff: 1 where there is a difference, 2 on errors.
int runConfig(const std::string& action, const CommonOptions& common, const std::string& file);
/// Tells what is wrong with a declarative file; says nothing where it is fine.
int checkDeclarative(const CommonOptions& common, const std::string& file);

/// Prints `Error: text` and the hint of every failing command; returns 1.
int fail(const std::string& text);

}  // namespace tollgate::server
