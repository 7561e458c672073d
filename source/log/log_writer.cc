#include "source/log/log_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace tollgate::log {

namespace {

constexpr std::chrono::milliseconds kPollInterval{10};  // while lines keep coming
constexpr std::chrono::milliseconds kSleepLimit{1000};  // a wake-up that was missed costs no more
constexpr std::chrono::milliseconds kLastFlush{1000};
constexpr int kIdlePolls = 20;
constexpr size_t kBatchBytes = 64 * 1024;
// POSIX: a write of up to PIPE_BUF bytes to a pipe that poll() called writable does not wait.
constexpr size_t kPipeBytes = 4096;

int openPath(const std::string& path) {
  // The standard streams may be sockets or pipes that cannot be opened by name.
  if (path == "/dev/stdout") return ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (path == "/dev/stderr") return ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

bool isRegular(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::open(const std::string& path) {
  int fd = openPath(path);
  if (fd < 0) {
    return Error::unavailable("cannot open the log " + path + ": " + std::strerror(errno) +
                              "; give another path, /dev/stdout or off");
  }
  return std::unique_ptr<LogWriter>(new LogWriter(path, fd));
}

LogWriter::LogWriter(std::string path, int fd)
    : path_(std::move(path)), fd_(fd), regular_(isRegular(fd)) {
  thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
  ::close(fd_);
}

LineRing& LogWriter::addRing() {
  std::lock_guard lock(mutex_);
  return *rings_.emplace_back(std::make_unique<LineRing>(kRingBytes));
}

void LogWriter::submit(std::string line) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= kQueueLines) {
    ++queueLost_;
    return;
  }
  queue_.push_back(std::move(line));
  wake_.notify_one();
}

void LogWriter::wakeSleeper() {
  std::lock_guard lock(mutex_);
  wake_.notify_one();
}

void LogWriter::run() {
  int empty = 0;
  while (true) {
    if (reopen_.exchange(false)) openAgain();
    bool some = gather();
    if (!pending_.empty()) flush(false);
    empty = some ? 0 : empty + 1;
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    if (!queue_.empty()) continue;
    bool sleep = empty > kIdlePolls;
    asleep_.store(sleep, std::memory_order_relaxed);
    wake_.wait_for(lock, sleep ? kSleepLimit : kPollInterval);
    asleep_.store(false, std::memory_order_relaxed);
  }
  gather();
  flush(true);
}

/// Takes lines over into pending_, as long as that is small; says whether there were any.
bool LogWriter::gather() {
  size_t before = pending_.size();
  std::lock_guard lock(mutex_);
  for (auto& ring : rings_) {
    if (pending_.size() < 4 * kBatchBytes) ring->pop(pending_, LineRing::npos);
    lost_ += ring->takeLost();
  }
  for (std::string& line : queue_) pending_ += line;
  queue_.clear();
  lost_ += std::exchange(queueLost_, 0);
  if (lost_ > 0 && pending_.size() < 4 * kBatchBytes) {
    pending_ +=
        "# " + std::to_string(lost_) + " lines were lost: the log was not written fast enough\n";
    lost_ = 0;
  }
  return pending_.size() > before;
}

/// Writes pending_ without waiting for long: what cannot be written stays pending.
void LogWriter::flush(bool last) {
  auto until = std::chrono::steady_clock::now() + (last ? kLastFlush : kPollInterval);
  size_t done = 0;
  while (done < pending_.size()) {
    pollfd ready{fd_, POLLOUT, 0};
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (!regular_ && ::poll(&ready, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) == 0)
      break;
    size_t chunk = std::min(pending_.size() - done, regular_ ? kBatchBytes : kPipeBytes);
    ssize_t wrote = ::write(fd_, pending_.data() + done, chunk);
    if (wrote >= 0) {
      done += static_cast<size_t>(wrote);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      // Nobody can be told, and keeping it would only fill memory.
      lost_ += static_cast<uint64_t>(
          std::count(pending_.begin() + static_cast<ptrdiff_t>(done), pending_.end(), '\n'));
      done = pending_.size();
    }
  }
  pending_.erase(0, done);
}

void LogWriter::openAgain() {
  int fd = openPath(path_);
  if (fd < 0) return;  // the old one still takes lines
  ::close(fd_);
  fd_ = fd;
  regular_ = isRegular(fd);
}

}  // namespace tollgate::log
