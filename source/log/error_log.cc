#include "source/log/error_log.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <iterator>
#include <mutex>
#include <string>

#include "source/log/log_output.h"
#include "source/log/log_writer.h"

namespace tollgate::log {
namespace {

constexpr std::string_view kNames[] = {"debug", "info", "notice", "warn",
                                       "error", "crit", "alert",  "emerg"};

constexpr int kEarlyWait = 100;  // milliseconds

std::atomic<Level> current{Level::kNotice};
std::atomic<Level> lasting{Level::kNotice};
std::atomic<int64_t> changesBackAt{0};  // Unix seconds; 0: never
std::atomic<LogWriter*> writer{nullptr};

std::string lineOf(Level level, std::string_view text) {
  time_t now = ::time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  char time[32];
  std::strftime(time, sizeof time, "%Y/%m/%d %H:%M:%S", &parts);
  std::string out =
      fmt::format("{} [{}] {}#{}: ", time, nameOf(level), getpid(), syscall(SYS_gettid));
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out + "\n";
}

/// Straight to stderr, for lines before there is a writer: they may be lost, but wait for nobody.
void writeEarly(std::string_view line) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  auto output = LogOutput::open("/dev/stderr");
  if (!output) return;  // nobody else to tell
  for (bool waited = false; !line.empty();) {
    const LogOutput::Outcome outcome = output->write(line);
    line.remove_prefix(outcome.bytes);
    if (outcome.state == LogOutput::State::kWritten) continue;
    if (outcome.state == LogOutput::State::kBroken || waited) return;
    output->waitWritable(kEarlyWait);
    waited = true;
  }
}

}  // namespace

std::string_view nameOf(Level level) { return kNames[static_cast<int>(level)]; }

std::optional<Level> parseLevel(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

Level level() {
  int64_t back = changesBackAt.load(std::memory_order_relaxed);
  if (back != 0 && ::time(nullptr) >= back) {
    current.store(lasting.load());
    changesBackAt.store(0);
  }
  return current.load(std::memory_order_relaxed);
}

void setLevel(Level level, std::chrono::seconds duration) {
  current.store(level);
  if (duration.count() == 0) lasting.store(level);
  changesBackAt.store(duration.count() == 0 ? 0 : ::time(nullptr) + duration.count());
}

void setErrorWriter(LogWriter* to) { writer.store(to); }

void error(Level at, std::string_view text) {
  if (at < level()) return;
  std::string line = lineOf(at, text);
  if (LogWriter* to = writer.load()) return to->submit(std::move(line));
  writeEarly(line);
}

}  // namespace tollgate::log
