#include "source/server/commands.h"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <thread>

#include "source/config/node.h"
#include "source/server/builtin_filters.h"
#include "source/server/gateway.h"
#include "source/server/proxy_options.h"
#include "source/server/tls_pem_checker.h"

namespace tollgate::server {
namespace {

Result<Settings> loadSettings(const CommonOptions& common) {
  return Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
}

int run(const CommonOptions& common, const std::string& nodeFile) {
  CommonOptions options = common;
  auto overrides = options.overrides();
  if (!nodeFile.empty()) overrides["node_file"] = nodeFile;
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), overrides);
  if (!settings) return fail(settings.error().text());
  Gateway gateway(std::move(settings).value());
  if (Status opened = gateway.open(); !opened) return fail(opened.error().text());
  return gateway.run();
}

/// A node file, or a file of settings.
int check(const CommonOptions& common, std::string file) {
  bool node = file.ends_with(".yaml") || file.ends_with(".yml") || file.ends_with(".json");
  if (file.empty()) file = "/etc/kong/kong.conf";
  auto settings =
      Settings::load(node ? common.conf : file, Settings::processEnvironment(), common.overrides());
  std::string problem = settings ? "" : settings.error().text();
  DefaultCertificates certificates;
  if (problem.empty()) {
    registerBuiltinFilters(rateLimitCells(*settings));
    auto pair = tls::generateSelfSigned(tls::KeyType::kEcdsaP256, "localhost");
    if (pair) certificates.proxy.push_back(std::move(pair).value());
    certificates.admin = certificates.proxy;
  }
  if (problem.empty() && node) {
    auto loaded = config::loadNode(file);
    if (!loaded) {
      problem = loaded.error().text();
    } else {
      auto plans = compileNode(*loaded, file, *settings, certificates);
      if (!plans) problem = plans.error().text();
    }
  } else if (problem.empty()) {
    auto built = builtinNode(*settings);
    if (built) {
      auto plans = compileNode(*built, file, *settings, certificates);
      if (!plans) problem = plans.error().text();
    }
    auto proxy = proxySettings(*settings);
    if (!built) problem = built.error().text();
    if (!proxy) problem = proxy.error().text();
  }
  if (!problem.empty()) {
    fmt::print(stderr, "[error] {}\n", problem);
    return 1;
  }
  for (const std::string& warning : settings->warnings())
    fmt::print(stderr, "[warn] {}\n", warning);
  fmt::print("configuration at {} is valid\n", file);
  return 0;
}

int printDefaultNode(const CommonOptions& common) {
  auto settings = loadSettings(common);
  if (!settings) return fail(settings.error().text());
  auto node = builtinNode(*settings);
  if (!node) return fail(node.error().text());
  fmt::print("{}", config::printNode(*node));
  return 0;
}

int version(bool all) {
  fmt::print("{}\n", kReferenceVersion);
  if (all) fmt::print("tollgate: {}\n", TOLLGATE_VERSION);
  return 0;
}

/// The process that runs in the prefix; 0 and an error text if there is none.
int runningPid(const CommonOptions& common, std::string& prefix, std::string& problem) {
  auto settings = loadSettings(common);
  if (!settings) {
    problem = settings.error().text();
    return 0;
  }
  prefix = settings->text("prefix");
  return PrefixFolder(prefix).runningPid();
}

int health(const CommonOptions& common) {
  std::string prefix, problem;
  int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return fail("Kong is not running at " + prefix);
  fmt::print("nginx.......running\n\nKong is healthy at {}\n", prefix);
  return 0;
}

int reload(const CommonOptions& common) {
  // Told here rather than in the node's log only: a broken file changes nothing there.
  if (auto settings = loadSettings(common); settings && settings->text("database") == "off") {
    const std::string& file = settings->text("declarative_config");
    if (!file.empty() && checkDeclarative(common, file) != 0) return 1;
  }
  std::string prefix, problem;
  int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return fail("nginx not running in prefix: " + prefix);
  if (::kill(pid, SIGHUP) != 0) return fail("cannot signal process " + std::to_string(pid));
  fmt::print("Kong reloaded\n");
  return 0;
}

int quit(const CommonOptions& common, double timeout, double wait) {
  std::string prefix, problem;
  int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return fail("nginx not running in prefix: " + prefix);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(wait, 0.0, 3600.0)));
  if (::kill(pid, SIGQUIT) != 0) return fail("cannot signal process " + std::to_string(pid));
  auto until = std::chrono::steady_clock::now() +
               std::chrono::duration<double>(std::clamp(timeout, 0.0, 3600.0));
  PrefixFolder folder(prefix);
  while (folder.runningPid() == pid && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (folder.runningPid() != pid) {  // 0, or what was started in its place
    fmt::print("Kong stopped (gracefully)\n");
    return 0;
  }
  ::kill(pid, SIGKILL);
  fmt::print("Timeout, Kong stopped forcefully\n");
  return 0;
}

const CLI::App* commandNamed(const CLI::App& parent, const std::string& name) {
  for (const CLI::App* sub : parent.get_subcommands({})) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

/// What CLI11 makes of a command line, in the words that scripts know.
int parseFailure(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);
  if (argc < 2) {
    fmt::print("{}", app.help());
    return 1;
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    std::string first = argv[1];
    const CLI::App* sub = commandNamed(app, first);
    if (sub == nullptr && first.front() != '-') return fail("No such command: " + first);
    if (sub != nullptr && argc > 2 && argv[2][0] != '-' && !sub->get_subcommands({}).empty() &&
        commandNamed(*sub, argv[2]) == nullptr) {
      return fail(fmt::format("No such command for {}: {}", first, argv[2]));
    }
  }
  return fail(error.what());
}

}  // namespace

std::map<std::string, std::string> CommonOptions::overrides() const {
  if (prefix.empty()) return {};
  return {{"prefix", prefix}};
}

int fail(const std::string& text) {
  fmt::print(stderr, "Error: {}\n\n  Run with --v (verbose) or --vv (debug) for more details\n",
             text);
  return 1;
}

int runCommand(int argc, char** argv) {
  installPemChecker();
  CLI::App app{"Tollgate, an API gateway", "tollgate"};
  app.require_subcommand(1);
  app.fallthrough();
  bool verbose = false;
  app.add_flag("--v", verbose, "verbose");
  app.add_flag("--vv", verbose, "debug");
  CommonOptions common;
  int code = 0;
  auto command = [&](CLI::App& parent, const char* name, const char* about) {
    CLI::App* sub = parent.add_subcommand(name, about);
    sub->add_option("-c,--conf", common.conf, "file of settings (name = value)");
    sub->add_option("-p,--prefix", common.prefix, "working folder");
    return sub;
  };
  std::string nodeFile, checked;
  bool all = false;
  double timeout = 10, wait = 0;
  MigrationOptions migration;

  CLI::App* sub = command(app, "run", "serve until SIGTERM, SIGINT or SIGQUIT");
  sub->add_option("--node", nodeFile,
                  "node file: listeners and their filter chains (YAML or JSON)");
  sub->callback([&] { code = run(common, nodeFile); });
  sub = command(app, "check", "check a node file (.yaml, .yml, .json) or a file of settings");
  sub->add_option("file", checked, "the file");
  sub->callback([&] { code = check(common, checked); });
  CLI::App* group = app.add_subcommand("config", "declarative files; configuration of the node");
  group->require_subcommand(1);
  command(*group, "default", "print the node that the settings describe")->callback([&] {
    code = printDefaultNode(common);
  });
  std::string declared;
  for (auto [name, about] : {std::pair{"init", "write a sample declarative file"},
                             {"parse", "check a declarative file"},
                             {"import", "write a declarative file into the store, all or nothing"},
                             {"db_import", "the same, as Kong calls it"},
                             {"export", "write the store as a declarative file ('-': print it)"},
                             {"db_export", "the same, as Kong calls it"},
                             {"diff", "what an import would change; exit code 1 if anything"}}) {
    sub = command(*group, name, about);
    bool optional = std::string_view(name) == "init" || std::string_view(name).ends_with("export");
    sub->add_option("file", declared, "the declarative file")->required(!optional);
    sub->callback([&, action = std::string(name)] { code = runConfig(action, common, declared); });
  }
  group = app.add_subcommand("migrations", "tables of the Postgres store");
  group->require_subcommand(1);
  for (auto [name, about] : {std::pair{"bootstrap", "create the tables"},
                             {"up", "create or update the tables"},
                             {"finish", "finish pending migrations"},
                             {"list", "list migrations"},
                             {"status", "print the state as JSON"},
                             {"reset", "drop everything"}}) {
    sub = command(*group, name, about);
    sub->add_flag("-y,--yes", migration.yes, "do not ask");
    sub->add_flag("-q,--quiet", migration.quiet, "print errors only");
    sub->add_flag("-f,--force", migration.force, "bootstrap: reset first");
    sub->add_option("--db-timeout", migration.dbTimeout, "seconds that a statement may take");
    sub->add_option("--lock-timeout", migration.lockTimeout,
                    "seconds to wait for another node's migration");
    sub->callback(
        [&, action = std::string(name)] { code = runMigrations(action, common, migration); });
  }
  TokenOptions token;
  group = app.add_subcommand("token", "tokens of the Admin API");
  group->require_subcommand(1);
  sub = group->add_subcommand("new", "print a new token, and the line for the tokens file");
  sub->add_option("--name", token.name, "who it is for")->required();
  sub->add_option("--scope", token.scopes,
                  "what it may do: *, read, write, read:<kind> or write:<kind>; repeatable")
      ->required();
  sub->callback([&] { code = newToken(token); });
  group = app.add_subcommand("credentials", "how keys, passwords and secrets are kept");
  group->require_subcommand(1);
  for (auto [name, about] :
       {std::pair{"status", "print which forms they have"},
        {"convert", "bring all to the form of the settings, in the history, too"},
        {"adopt", "make this node's secret that of the store, which lost its own"}}) {
    sub = command(*group, name, about);
    sub->callback([&, action = std::string(name)] { code = runCredentials(action, common); });
  }
  sub = app.add_subcommand("version", "print the version");
  sub->add_flag("-a,--all", all, "of the parts, too");
  sub->callback([&] { code = version(all); });
  command(app, "health", "whether a node runs in the prefix")->callback([&] {
    code = health(common);
  });
  command(app, "reload", "take up changes, reopen logs")->callback([&] { code = reload(common); });
  sub = command(app, "quit", "drain and stop the node of the prefix");
  sub->add_option("-t,--timeout", timeout, "seconds until it is killed")->capture_default_str();
  sub->add_option("-w,--wait", wait, "seconds to wait before")->capture_default_str();
  sub->callback([&] { code = quit(common, timeout, wait); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parseFailure(app, error, argc, argv);
  }
  return code;
}

}  // namespace tollgate::server
