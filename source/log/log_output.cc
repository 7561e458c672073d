#include "source/log/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tollgate::log {
namespace {

constexpr size_t kFileBytes = 64 * 1024;
// POSIX: a write of up to PIPE_BUF bytes is not mixed with others', and does not wait on a pipe
// that poll() has called writable and that nobody else writes to.
constexpr size_t kPipeBytes = 4096;

/// A standard stream. It may be a pipe or terminal whose description other processes share, so that
/// it cannot be made non-blocking: where the system allows, a description of our own is opened.
int openStream(int stream) {
  struct stat info {};
  if (::fstat(stream, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) {
    const std::string path = "/proc/self/fd/" + std::to_string(stream);
    int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0) return fd;
  }
  return ::fcntl(stream, F_DUPFD_CLOEXEC, 3);
}

int openPath(const std::string& path) {
  if (path == "/dev/stdout") return openStream(STDOUT_FILENO);
  if (path == "/dev/stderr") return openStream(STDERR_FILENO);
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
                0640);
}

}  // namespace

Result<LogOutput> LogOutput::open(const std::string& path) {
  int fd = openPath(path);
  if (fd >= 0) return LogOutput(fd);
  const std::string why = errno == ENXIO ? "nobody reads from it" : std::strerror(errno);
  return Error::unavailable("cannot open the log " + path + ": " + why +
                            "; give another path, /dev/stdout or off");
}

LogOutput::LogOutput(int fd) : fd_(fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || S_ISREG(info.st_mode)) return;
  kind_ = S_ISSOCK(info.st_mode) ? Kind::kSocket : Kind::kPipe;
  blocking_ = (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

LogOutput::LogOutput(LogOutput&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), kind_(other.kind_), blocking_(other.blocking_) {}

LogOutput& LogOutput::operator=(LogOutput&& other) noexcept {
  std::swap(fd_, other.fd_);
  kind_ = other.kind_;
  blocking_ = other.blocking_;
  return *this;
}

LogOutput::~LogOutput() {
  if (fd_ >= 0) ::close(fd_);
}

LogOutput::Outcome LogOutput::write(std::string_view bytes) {
  if (bytes.size() > kPipeBytes && kind_ != Kind::kFile) {
    const size_t line = bytes.rfind('\n', kPipeBytes - 1);
    bytes = bytes.substr(0, line == std::string_view::npos ? kPipeBytes : line + 1);
  }
  bytes = bytes.substr(0, kFileBytes);
  if (kind_ == Kind::kPipe && blocking_) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 0) return {State::kFull, 0};
  }
  while (true) {
    const ssize_t wrote = kind_ == Kind::kSocket
                              ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd_, bytes.data(), bytes.size());
    if (wrote >= 0) return {State::kWritten, static_cast<size_t>(wrote)};
    if (errno == EAGAIN) return {State::kFull, 0};
    if (errno != EINTR) return {State::kBroken, 0};
  }
}

void LogOutput::waitWritable(int milliseconds) const {
  pollfd ready{fd_, POLLOUT, 0};
  ::poll(&ready, 1, milliseconds);
}

}  // namespace tollgate::log
