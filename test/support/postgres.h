#pragma once

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/support/ports.h"

/// A real Postgres for tests: its own data folder, a port on loopback (SCRAM password, TLS with a
/// certificate for "localhost") and a Unix socket (no password). Ends with the test process.
namespace tollgate::test {

class PostgresServer {
 public:
  /// The folder of the server's programs, "" if there are none: then the test has to be skipped.
  static std::string programs() {
    if (const char* set = std::getenv("TOLLGATE_POSTGRES_BIN")) return set;
    std::string best;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      std::string folder = entry.path() / "bin";
      if (access((folder + "/initdb").c_str(), X_OK) == 0 && folder > best) best = folder;
    }
    return best;
  }
  static bool available() { return !programs().empty(); }

  /// The server that all tests of one process share; started on first use.
  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

  PostgresServer() {
    char pattern[] = "/tmp/tgpg.XXXXXX";  // short: it is part of the Unix socket's name
    if (mkdtemp(pattern) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    write("password", password());
    giveAway(folder_);
    giveAway(folder_ + "/password");
    tool({"initdb", "-D", data(), "--username=" + user(), "--pwfile=" + folder_ + "/password",
          "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--encoding=UTF8",
          "--locale=C.UTF-8"});
    makeCertificate();
    port_ = freePort();
    start();
  }
  ~PostgresServer() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string host() const { return "127.0.0.1"; }
  uint16_t port() const { return port_; }
  std::string user() const { return "tollgate"; }
  std::string password() const { return "correct horse"; }
  std::string database() const { return "postgres"; }
  std::string socketFolder() const { return folder_; }
  std::string certificate() const { return folder_ + "/server.crt"; }

  /// Starts the server, which must not run, and waits until it takes connections.
  void start(const std::vector<std::string>& settings = {}) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      launch(settings);
      while (waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (ready()) return;
        if (std::chrono::steady_clock::now() > deadline)
          throw std::runtime_error("postgres: " + log());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      // After a kill its processes may take a moment to let go of the shared memory.
      pid_ = -1;
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("postgres: " + log());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  /// Ends it in order, dropping connections.
  void stop() {
    if (pid_ < 0) return;
    signalAll(SIGCONT);
    ::kill(pid_, SIGINT);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// Kills every process of the server at once, as a power cut would.
  void crash() {
    signalAll(SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::filesystem::remove(data() + "/postmaster.pid");
  }
  void freeze() { signalAll(SIGSTOP); }
  void thaw() { signalAll(SIGCONT); }

  /// Runs SQL with psql as the owner and returns what it prints, unaligned.
  std::string psql(const std::string& sql) {
    tool({"psql", "-h", folder_, "-p", std::to_string(port_), "-U", user(), "-d", database(), "-X",
          "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-o", folder_ + "/psql.out", "-c", sql});
    return read(folder_ + "/psql.out");
  }

 private:
  std::string data() const { return folder_ + "/data"; }
  std::string log() const { return read(folder_ + "/log"); }

  static std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }

  /// The server refuses to run as root; then it runs as the first ordinary account that there is.
  static const passwd* account() {
    if (geteuid() != 0) return nullptr;
    const passwd* found = getpwnam("postgres");
    return found != nullptr ? found : getpwnam("nobody");
  }
  static void giveAway(const std::string& path) {
    const passwd* to = account();
    if (to != nullptr && chown(path.c_str(), to->pw_uid, to->pw_gid) != 0) {
      throw std::runtime_error("cannot give away " + path);
    }
  }

  pid_t spawn(const std::string& program, std::vector<std::string> arguments, bool dieWithUs) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const passwd* as = account();
    std::string logFile = folder_ + "/log";
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child;
    FILE* out = freopen(logFile.c_str(), "a", stdout);
    if (out == nullptr || dup2(fileno(out), 2) < 0) _exit(126);
    if (as != nullptr) {
      giveAway(logFile);
      if (setgroups(0, nullptr) != 0 || setgid(as->pw_gid) != 0 || setuid(as->pw_uid) != 0)
        _exit(126);
    }
    if (dieWithUs) prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent || chdir(folder_.c_str()) != 0) _exit(126);
    setenv("LC_ALL", "C", 1);
    execv(program.c_str(), argv.data());
    _exit(127);
  }

  void run(const std::string& program, std::vector<std::string> arguments) {
    int status = 0;
    waitpid(spawn(program, std::move(arguments), true), &status, 0);
    if (status != 0) throw std::runtime_error(program + " failed: " + log());
  }
  void tool(std::vector<std::string> arguments) { run(programs() + "/" + arguments[0], arguments); }

  void makeCertificate() {
    run("/usr/bin/openssl", {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                             "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                             folder_ + "/server.key", "-out", certificate()});
    chmod(certificate().c_str(), 0644);
    chmod(folder_.c_str(), 0755);
  }

  void launch(const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = {
        "postgres", "-D", data(), "-k", folder_, "-h", host(), "-p", std::to_string(port_)};
    std::vector<std::string> all = {"fsync=off", "ssl=on", "ssl_cert_file=" + certificate(),
                                    "ssl_key_file=" + folder_ + "/server.key"};
    all.insert(all.end(), settings.begin(), settings.end());
    for (const std::string& setting : all) {
      arguments.push_back("-c");
      arguments.push_back(setting);
    }
    pid_ = spawn(programs() + "/postgres", arguments, true);
  }

  bool ready() const {
    std::istringstream lines(read(data() + "/postmaster.pid"));
    std::string line, pid;
    std::getline(lines, pid);
    for (int i = 2; i <= 8; ++i) std::getline(lines, line);
    return pid == std::to_string(pid_) && line.starts_with("ready");
  }

  /// Calls use(pid, state) for every process whose parent is the postmaster, and for itself.
  template <class Use>
  void forAll(Use use) const {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
      pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid <= 0) continue;
      std::string stat = read(entry.path() / "stat");
      size_t end = stat.rfind(')');
      if (end == std::string::npos) continue;
      if (pid == pid_ || std::atoi(stat.c_str() + end + 4) == pid_) use(pid, stat[end + 2]);
    }
  }

  /// To the postmaster and all its children. It is stopped before they are listed: one that it
  /// forked in between would be missed, and after a kill keep the shared memory for ever where it
  /// waits for a lock of one that is gone.
  void signalAll(int signal) {
    if (pid_ < 0) return;
    for (bool stopped = false; !stopped;) {
      ::kill(pid_, SIGSTOP);
      forAll([&](pid_t pid, char state) { stopped |= pid == pid_ && std::strchr("TtZ", state); });
    }
    forAll([&](pid_t pid, char) {
      if (pid != pid_) ::kill(pid, signal);
    });
    ::kill(pid_, signal);
  }

  std::string folder_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace tollgate::test
