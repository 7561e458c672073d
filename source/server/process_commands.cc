#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "source/server/commands.h"
#include "source/server/gateway.h"
#include "source/server/prefix_folder.h"

/// The commands that begin, end and ask after the process of a prefix: run, start, stop, restart,
/// quit, reload, health, prepare.
namespace tollgate::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStopPatience{5};  ///< Until a stopped node no longer drains.

Result<Settings> loadSettings(const CommonOptions& common) {
  return Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
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

int notRunning(const std::string& prefix) {
  struct stat about = {};
  if (::stat(prefix.c_str(), &about) != 0) return fail("no such prefix: " + prefix);
  return fail((isCalledKong() ? "nginx not running in prefix: " : "no node runs in the prefix ") +
              prefix);
}

/// False where the process still runs at `until`.
bool waitForEnd(const std::string& prefix, int pid, Clock::time_point until) {
  PrefixFolder folder(prefix);
  while (folder.runningPid() == pid) {  // else 0, or what was started in its place
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// Ends the process within some ten seconds: a first signal drains, a second one does not.
int endProcess(const std::string& prefix, int pid) {
  for (int signal : {SIGTERM, SIGTERM, SIGKILL}) {
    if (::kill(pid, signal) != 0 && errno != ESRCH) {
      return fail("cannot signal process " + std::to_string(pid) + ": " + std::strerror(errno));
    }
    if (waitForEnd(prefix, pid, Clock::now() + kStopPatience)) return 0;
  }
  return fail("process " + std::to_string(pid) + " does not end");
}

int runHere(Settings settings) {
  Gateway gateway(std::move(settings));
  if (Status opened = gateway.open(); !opened) return fail(opened.error().text());
  return gateway.run();
}

/// What the process in the background and the one that started it tell each other.
constexpr char kReady = '\0';

bool redirect(int fd, const std::string& path, int flags) {
  int opened = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
  if (opened < 0 || opened == fd) return opened == fd;
  const bool done = ::dup2(opened, fd) == fd;
  ::close(opened);
  return done;
}

void tell(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

/// The node of a process that was forked for it; what goes wrong before it serves goes to `report`.
int serveInBackground(Settings settings, int report) {
  ::setsid();
  const std::string logs = settings.text("prefix") + "/logs/";
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  if (!redirect(STDIN_FILENO, "/dev/null", O_RDONLY) ||
      !redirect(STDOUT_FILENO, logs + "access.log", kAppend) ||
      !redirect(STDERR_FILENO, logs + "error.log", kAppend)) {
    tell(report, "cannot write to " + logs + ": " + std::strerror(errno));
    return 1;
  }
  Gateway gateway(std::move(settings));
  if (Status opened = gateway.open(); !opened) {
    tell(report, opened.error().text());
    return 1;
  }
  tell(report, std::string_view(&kReady, 1));
  ::close(report);
  return gateway.run();
}

int startInBackground(Settings settings) {
  const std::string prefix = settings.text("prefix");
  if (Status created = PrefixFolder(prefix).create(); !created) {
    return fail(created.error().text());
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(std::string("pipe: ") + std::strerror(errno));
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return fail(std::string("fork: ") + std::strerror(errno));
  if (child == 0) {
    ::close(ends[0]);
    return serveInBackground(std::move(settings), ends[1]);
  }
  ::close(ends[1]);
  std::string told;
  char buffer[4096];
  while (true) {
    ssize_t got = ::read(ends[0], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    told.append(buffer, static_cast<size_t>(got));
    if (told.back() == kReady) break;
  }
  ::close(ends[0]);
  if (told.empty()) told = "the process ended at once; " + prefix + "/logs/error.log may say why";
  if (told.back() != kReady) return fail(told);
  fmt::print("{} started\n", productName());
  return 0;
}

}  // namespace

int runNode(const CommonOptions& common, const std::string& nodeFile) {
  auto overrides = common.overrides();
  if (!nodeFile.empty()) overrides["node_file"] = nodeFile;
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), overrides);
  if (!settings) return fail(settings.error().text());
  return runHere(std::move(settings).value());
}

int startNode(const CommonOptions& common, const StartOptions& options) {
  auto settings = loadSettings(common);
  if (!settings) return fail(settings.error().text());
  const std::string prefix = settings->text("prefix");
  if (PrefixFolder(prefix).runningPid() != 0) {
    return fail(isCalledKong() ? "Kong is already running in " + prefix
                               : "a node runs in the prefix " + prefix + " already");
  }
  if (options.runMigrations) {
    if (int code = runMigrations("up", common, options.migrations); code != 0) return code;
  }
  // The first process of a container is the container: it must not end.
  const bool foreground = options.foreground || !settings->flag("nginx_daemon") || ::getpid() == 1;
  return foreground ? runHere(std::move(settings).value())
                    : startInBackground(std::move(settings).value());
}

int stopNode(const CommonOptions& common) {
  std::string prefix, problem;
  const int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return notRunning(prefix);
  if (int code = endProcess(prefix, pid); code != 0) return code;
  fmt::print("{} stopped\n", productName());
  return 0;
}

int restartNode(const CommonOptions& common, const StartOptions& options) {
  std::string prefix, problem;
  const int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid != 0) {
    if (int code = endProcess(prefix, pid); code != 0) return code;
    fmt::print("{} stopped\n", productName());
  }
  return startNode(common, options);
}

int prepareNode(const CommonOptions& common) {
  auto settings = loadSettings(common);
  if (!settings) return fail(settings.error().text());
  if (Status created = PrefixFolder(settings->text("prefix")).create(); !created) {
    return fail(created.error().text());
  }
  return 0;
}

int health(const CommonOptions& common) {
  std::string prefix, problem;
  const int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) {
    return isCalledKong() ? fail("Kong is not running at " + prefix) : notRunning(prefix);
  }
  if (isCalledKong()) fmt::print("nginx.......running\n\n");
  fmt::print("{} is healthy at {}\n", productName(), prefix);
  return 0;
}

int reload(const CommonOptions& common) {
  // Told here rather than in the node's log only: a broken file changes nothing there.
  if (auto settings = loadSettings(common); settings && settings->text("database") == "off") {
    const std::string& file = settings->text("declarative_config");
    if (!file.empty() && checkDeclarative(common, file) != 0) return 1;
  }
  std::string prefix, problem;
  const int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return notRunning(prefix);
  if (::kill(pid, SIGHUP) != 0) return fail("cannot signal process " + std::to_string(pid));
  fmt::print("{} reloaded\n", productName());
  return 0;
}

int quit(const CommonOptions& common, double timeout, double wait) {
  std::string prefix, problem;
  const int pid = runningPid(common, prefix, problem);
  if (!problem.empty()) return fail(problem);
  if (pid == 0) return notRunning(prefix);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(wait, 0.0, 3600.0)));
  if (::kill(pid, SIGQUIT) != 0) return fail("cannot signal process " + std::to_string(pid));
  const auto patience = std::chrono::duration<double>(std::clamp(timeout, 0.0, 3600.0));
  if (waitForEnd(prefix, pid,
                 Clock::now() + std::chrono::duration_cast<Clock::duration>(patience))) {
    fmt::print("{} stopped (gracefully)\n", productName());
    return 0;
  }
  ::kill(pid, SIGKILL);
  fmt::print("Timeout, {} stopped forcefully\n", productName());
  return 0;
}

}  // namespace tollgate::server
