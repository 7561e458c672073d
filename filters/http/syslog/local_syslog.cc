#include "filters/http/syslog/local_syslog.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tollgate::filters::syslog {

namespace engine = ::tollgate::http;

std::string messageOf(int facility, int severity, const std::tm& local, int pid,
                      std::string_view text) {
  char time[32];
  const size_t size = std::strftime(time, sizeof time, "%b %e %H:%M:%S", &local);
  std::string out = "<" + std::to_string(facility * 8 + severity) + ">";
  out.append(time, size).append(" kong[").append(std::to_string(pid)).append("]: ").append(text);
  return out;
}

LocalSyslog::LocalSyslog(engine::WorkerServices& services, std::string path)
    : services_(services),
      path_(std::move(path)),
      receiver_(services.process().dependencies().use("syslog: " + path_, "records are lost")),
      counts_(services, "syslog") {}

LocalSyslog::~LocalSyslog() { close(); }

void LocalSyslog::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool LocalSyslog::connect() {
  if (fd_ >= 0) return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, path_.data(), path_.size());
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  const int error = errno;
  close();
  errno = error;
  return false;
}

bool LocalSyslog::send(const std::string& message) {
  return connect() && ::send(fd_, message.data(), message.size(), MSG_NOSIGNAL) >= 0;
}

void LocalSyslog::write(int facility, int severity, std::string_view text) {
  const std::time_t now = services_.loop().unixMillis() / 1000;
  std::tm local{};
  ::localtime_r(&now, &local);
  const std::string message = messageOf(facility, severity, local, ::getpid(), text);
  bool sent = send(message);
  if (!sent && fd_ >= 0 && errno != EAGAIN && errno != EMSGSIZE) {
    close();  // the log was started anew
    sent = send(message);
  }
  if (sent) {
    counts_.sent.add();
    return receiver_->answered();
  }
  counts_.lost.add();
  receiver_->failed(errno == EAGAIN ? "it does not read fast enough" : std::strerror(errno));
}

}  // namespace tollgate::filters::syslog
