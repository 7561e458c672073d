#include "source/base/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tollgate {
namespace {

constexpr size_t kChunk = size_t{16} << 10;

/// Closes what readFile() opens.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Status waitForInput(int fd, std::chrono::milliseconds silence) {
  pollfd wanted{fd, POLLIN, 0};
  const int ready = ::poll(&wanted, 1, static_cast<int>(silence.count()));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
  if (ready < 0) return Error::unavailable(std::strerror(errno));
  return Error::unavailable(fmt::format("nothing came from it within {} ms", silence.count()));
}

}  // namespace

Result<std::string> readFile(const std::string& path, const ReadLimits& limits) {
  // Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  if (file.fd < 0) {
    return errno == ENOENT ? Error::notFound(std::strerror(errno))
                           : Error::unavailable(std::strerror(errno));
  }
  struct stat about {};
  if (::fstat(file.fd, &about) != 0) return Error::unavailable(std::strerror(errno));
  if (S_ISDIR(about.st_mode)) return Error::unavailable("it is a folder; name a file");
  std::string out;
  if (S_ISREG(about.st_mode) && about.st_size > 0) {
    if (static_cast<size_t>(about.st_size) > limits.bytes) {
      return Error::unavailable(fmt::format("it is longer than {} bytes", limits.bytes));
    }
    out.reserve(static_cast<size_t>(about.st_size) + kChunk);
  }
  while (true) {
    const size_t held = out.size();
    out.resize(held + kChunk);
    const ssize_t count = ::read(file.fd, out.data() + held, kChunk);
    const int error = errno;
    out.resize(held + (count > 0 ? static_cast<size_t>(count) : 0));
    if (out.size() > limits.bytes) {
      return Error::unavailable(fmt::format("it is longer than {} bytes", limits.bytes));
    }
    if (count == 0) break;
    if (count > 0 || error == EINTR) continue;
    if (error != EAGAIN) return Error::unavailable(std::strerror(error));
    if (Status came = waitForInput(file.fd, limits.silence); !came) return came.error();
  }
  if (out.empty() && S_ISFIFO(about.st_mode)) {
    return Error::unavailable("it is a pipe into which nobody writes");
  }
  return out;
}

}  // namespace tollgate
