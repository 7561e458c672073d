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

/// Commands around the process of a prefix; each returns the exit code.
struct StartOptions {
  bool foreground = false;     ///< Whatever nginx_daemon says.
  bool runMigrations = false;  ///< Of Postgres, before.
  MigrationOptions migrations;
};
int runNode(const CommonOptions& common, const std::string& nodeFile);
/// In the background, once it serves, unless nginx_daemon is off or this is a container's first
/// process.
int startNode(const CommonOptions& common, const StartOptions& options);
int stopNode(const CommonOptions& common);
int restartNode(const CommonOptions& common, const StartOptions& options);
int prepareNode(const CommonOptions& common);
int health(const CommonOptions& common);
int reload(const CommonOptions& common);
/// Drains for `timeout` seconds at most, after `wait` seconds.
int quit(const CommonOptions& common, double timeout, double wait);

/// Whether the program was called by Kong's name: then it speaks in the words that scripts written
/// for Kong compare.
bool isCalledKong();
/// "Kong" or "Tollgate".
const char* productName();

/// Prints `Error: text` and the hint of every failing command; returns 1.
int fail(const std::string& text);

}  // namespace tollgate::server
