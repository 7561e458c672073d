#include "source/server/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "filters/http_filters.h"
#include "source/config/node.h"
#include "source/server/listener_plan.h"
#include "source/server/proxy_options.h"

namespace tollgate::server {
namespace {

const CLI::App* commandNamed(const CLI::App& parent, const std::string& name) {
  for (const CLI::App* sub : parent.get_subcommands({})) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

bool calledKong = false;

std::string_view baseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Takes apart how containers call the program: the image's entry point is a link to it, and people
/// name the program once more (`/docker-entrypoint.sh kong start`). Another program that is named
/// there is what runs instead.
void takeCallersName(int& argc, char**& argv) {
  if (argc < 1) return;
  const bool entryPoint = baseName(argv[0]) == "docker-entrypoint.sh";
  calledKong = baseName(argv[0]) == "kong";
  // A container ends with its first process, so that nothing there starts in the background.
  if (entryPoint) ::setenv("KONG_NGINX_DAEMON", "off", 0);
  if (argc < 2) return;
  const std::string_view named = baseName(argv[1]);
  if (named == "kong" || named == "tollgate") {
    calledKong = named == "kong";
    ++argv;
    --argc;
  } else if (entryPoint && std::string_view(argv[1]).find('/') != std::string_view::npos) {
    ::execv(argv[1], argv + 1);
  }
}

/// For a command that is none of ours: from the image's entry point it is another program.
void runOtherProgram(const CLI::App& app, const char* entryPoint, char** command) {
  if (baseName(entryPoint) != "docker-entrypoint.sh" || command[0] == nullptr) return;
  if (command[0][0] == '-' || commandNamed(app, command[0]) != nullptr) return;
  ::execvp(command[0], command);
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
    auto pair = tls::generateSelfSigned(crypto::KeyType::kEcP256, "localhost");
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
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
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

bool isCalledKong() { return calledKong; }

const char* productName() { return calledKong ? "Kong" : "Tollgate"; }

int fail(const std::string& text) {
  fmt::print(stderr, "Error: {}\n\n  Run with --v (verbose) or --vv (debug) for more details\n",
             text);
  return 1;
}

int runCommand(int argc, char** argv) {
  filters::registerHttpFilters();
  const char* const program = argc > 0 ? argv[0] : "";
  takeCallersName(argc, argv);
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
  sub->callback([&] { code = runNode(common, nodeFile); });
  StartOptions start;
  std::string ignored;
  for (auto [name, about] :
       {std::pair{"start", "serve in the background (nginx_daemon = off: not)"},
        {"restart", "stop, then start"},
        {"docker-start", "serve in the foreground, as images of Kong do"}}) {
    sub = command(app, name, about);
    sub->add_flag("--run-migrations", start.runMigrations, "create or update the tables before");
    sub->add_option("--db-timeout", start.migrations.dbTimeout,
                    "seconds that a statement may take");
    sub->add_option("--lock-timeout", start.migrations.lockTimeout,
                    "seconds to wait for another node's migration");
    sub->add_option("--nginx-conf", ignored, "has no effect: there is no nginx");
    sub->add_option("--nginx-conf-flags", ignored, "has no effect");
    sub->callback([&, action = std::string_view(name)] {
      start.foreground = action == "docker-start";
      code = action == "restart" ? restartNode(common, start) : startNode(common, start);
    });
  }
  command(app, "stop", "stop the node of the prefix")->callback([&] { code = stopNode(common); });
  command(app, "prepare", "create the prefix folder")->callback([&] {
    code = prepareNode(common);
  });
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
  app.add_subcommand("settings", "print all settings, as a page in Markdown")->callback([] {
    fmt::print("{}", Settings::page());
  });
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
  runOtherProgram(app, program, argv + std::min(argc, 1));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parseFailure(app, error, argc, argv);
  }
  return code;
}

}  // namespace tollgate::server
