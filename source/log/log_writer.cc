#include "source/log/log_writer.h"

#include <algorithm>
#include <utility>

namespace tollgate::log {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kPollInterval{10};  // while lines keep coming
constexpr milliseconds kSleepLimit{1000};  // a wake-up that was missed costs no more
constexpr int kIdlePolls = 20;
constexpr size_t kPendingMark = 256 * 1024;  // lines beyond stay where they are, or are lost

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::open(const std::string& path) {
  auto output = LogOutput::open(path);
  if (!output) return output.error();
  return std::make_unique<LogWriter>(path, std::move(output).value());
}

LogWriter::LogWriter(std::string path, LogOutput output)
    : state_(std::make_shared<State>(std::move(path), std::move(output))) {
  thread_ = std::thread([state = state_] { state->run(); });
}

LogWriter::~LogWriter() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->wake.notify_all();
  const bool ended = state_->wake.wait_for(lock, kEndLimit, [this] { return state_->ended; });
  lock.unlock();
  // A thread that the system keeps in a write would keep the whole process from ending.
  ended ? thread_.join() : thread_.detach();
}

LineRing& LogWriter::addRing() {
  std::lock_guard lock(state_->mutex);
  return *state_->rings.emplace_back(std::make_unique<LineRing>(kRingBytes));
}

void LogWriter::submit(std::string line) {
  std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= kQueueLines) {
    ++state_->queueLost;
    return;
  }
  state_->queue.push_back(std::move(line));
  state_->wake.notify_one();
}

void LogWriter::wakeSleeper() {
  std::lock_guard lock(state_->mutex);
  state_->wake.notify_one();
}

void LogWriter::State::run() {
  int empty = 0;
  while (true) {
    if (reopen.exchange(false)) openAgain();
    const bool some = gather();
    const bool written = pending.empty() || flush(kPollInterval);
    empty = some ? 0 : empty + 1;
    std::unique_lock lock(mutex);
    if (stopping) break;
    if (!queue.empty() && written) continue;
    const bool sleep = empty > kIdlePolls;
    asleep.store(sleep, std::memory_order_relaxed);
    wake.wait_for(lock, sleep ? kSleepLimit : kPollInterval);
    asleep.store(false, std::memory_order_relaxed);
  }
  gather();
  flush(kLastFlush);
  std::lock_guard lock(mutex);
  ended = true;
  wake.notify_all();
}

void LogWriter::State::lose(uint64_t lines) {
  lost += lines;
  lostInAll.fetch_add(lines, std::memory_order_relaxed);
}

/// Takes lines over into `pending`, as long as that is small; says whether there were any.
bool LogWriter::State::gather() {
  const size_t before = pending.size();
  std::lock_guard lock(mutex);
  for (auto& ring : rings) {
    if (pending.size() < kPendingMark) ring->pop(pending, LineRing::npos);
    lose(ring->takeLost());
  }
  lose(std::exchange(queueLost, 0));
  if (pending.size() >= kPendingMark) return false;
  for (std::string& line : queue) pending += line;
  queue.clear();
  if (lost > 0) {
    pending +=
        "# " + std::to_string(lost) + " lines were lost: the log was not written fast enough\n";
    lost = 0;
  }
  return pending.size() > before;
}

/// Writes `pending` for at most so long: what is not taken stays. True if all was.
bool LogWriter::State::flush(milliseconds limit) {
  const auto until = SteadyClock::now() + limit;
  size_t done = 0;
  while (done < pending.size()) {
    const LogOutput::Outcome outcome = output.write(std::string_view(pending).substr(done));
    done += outcome.bytes;
    if (outcome.state == LogOutput::State::kBroken) {
      // Nobody can be told, and keeping it would only fill memory.
      lose(static_cast<uint64_t>(
          std::count(pending.begin() + static_cast<ptrdiff_t>(done), pending.end(), '\n')));
      done = pending.size();
    } else if (outcome.state == LogOutput::State::kFull) {
      const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
      if (left.count() <= 0) break;
      output.waitWritable(static_cast<int>(left.count()));
    }
  }
  pending.erase(0, done);
  return pending.empty();
}

void LogWriter::State::openAgain() {
  auto opened = LogOutput::open(path);
  if (opened) output = std::move(opened).value();  // else the old one still takes lines
}

}  // namespace tollgate::log
