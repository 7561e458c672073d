#include "source/server/prefix_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "source/base/uuid.h"
#include "source/crypto/secret.h"

namespace tollgate::server {
namespace {

std::string readAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct flock wholeFile() {
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

bool isFileAt(const std::string& path, int fd) {
  struct stat named = {};
  struct stat opened = {};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace

Status writeFile(const std::string& path, const std::string& content) {
  std::string fresh = path + ".new";
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0;
  for (size_t done = 0; good && done < content.size();) {
    ssize_t wrote = ::write(fd, content.data() + done, content.size() - done);
    if (wrote <= 0) good = false;
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  if (good) good = ::fsync(fd) == 0;
  int error = errno;
  if (fd >= 0) ::close(fd);
  if (good && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  return Error::unavailable("cannot write " + path + ": " + std::strerror(good ? errno : error));
}

PrefixFolder::~PrefixFolder() {
  if (lockFd_ < 0) return;
  ::unlink(pidFile().c_str());
  ::close(lockFd_);
}

Status PrefixFolder::create() {
  std::error_code error;
  for (const char* folder : {"", "/pids", "/logs", "/ssl"}) {
    std::filesystem::create_directories(path_ + folder, error);
    if (error) {
      return Error::unavailable("cannot create the folder " + path_ + folder + ": " +
                                error.message() +
                                "; choose another one with --prefix or KONG_PREFIX");
    }
  }
  if (::access(path_.c_str(), W_OK) != 0) {
    return Error::unavailable(
        "the folder " + path_ +
        " cannot be written to; choose another one with --prefix or KONG_PREFIX");
  }
  return {};
}

Status PrefixFolder::lock() {
  do {
    if (lockFd_ >= 0) ::close(lockFd_);
    lockFd_ = ::open(pidFile().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lockFd_ < 0) {
      return Error::unavailable("cannot open " + pidFile() + ": " + std::strerror(errno));
    }
    struct flock whole = wholeFile();
    if (::fcntl(lockFd_, F_SETLK, &whole) != 0) {
      const int cause = errno;
      ::close(lockFd_);
      lockFd_ = -1;
      if (cause == EAGAIN || cause == EACCES) {
        return Error::conflict("a node runs in the prefix " + path_ + " already");
      }
      return Error::unavailable("cannot lock " + pidFile() + ": " + std::strerror(cause));
    }
    // One that ended meanwhile may have removed the file that was opened.
  } while (!isFileAt(pidFile(), lockFd_));
  std::string pid = std::to_string(getpid()) + "\n";
  if (::ftruncate(lockFd_, 0) != 0 || ::pwrite(lockFd_, pid.data(), pid.size(), 0) < 0) {
    return Error::unavailable("cannot write " + pidFile() + ": " + std::strerror(errno));
  }
  return {};
}

int PrefixFolder::runningPid() const {
  int fd = ::open(pidFile().c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  // The kernel knows who holds the lock. The file may still name the process of a former run, and a
  // lock taken here, however briefly, would refuse a node that starts.
  struct flock holder = wholeFile();
  bool told = ::fcntl(fd, F_GETLK, &holder) == 0;
  ::close(fd);
  return told && holder.l_type != F_UNLCK ? std::max<int>(holder.l_pid, 0) : 0;
}

Result<std::string> PrefixFolder::nodeId(const std::string& configured) const {
  if (!configured.empty()) {
    if (isUuid(configured)) return configured;
    return Error::invalid("node_id has an invalid value: '" + configured + "' (a UUID)");
  }
  std::string kept = readAll(file("kong.id"));
  while (!kept.empty() && std::isspace(static_cast<unsigned char>(kept.back()))) kept.pop_back();
  if (isUuid(kept)) return kept;
  std::string fresh = crypto::randomUuid();
  if (Status written = writeFile(file("kong.id"), fresh + "\n"); !written) return written.error();
  return fresh;
}

std::string PrefixFolder::certificateBase(const std::string& name, crypto::KeyType type) const {
  return file("ssl/" + name + (type == crypto::KeyType::kRsa ? "" : "-ecdsa"));
}

Result<tls::KeyPair> PrefixFolder::keptCertificate(const std::string& name,
                                                   crypto::KeyType type) const {
  std::string base = certificateBase(name, type);
  return tls::readKeyPair(base + ".crt", base + ".key");
}

Result<tls::KeyPair> PrefixFolder::makeCertificate(const std::string& name,
                                                   crypto::KeyType type) const {
  auto fresh = tls::generateSelfSigned(type, "localhost");
  if (!fresh) return fresh.error();
  std::string base = certificateBase(name, type);
  for (const auto& [path, text] :
       {std::pair{base + ".key", fresh->keyPem}, std::pair{base + ".crt", fresh->certificatePem}}) {
    if (Status written = writeFile(path, text); !written) return written.error();
  }
  return fresh;
}

Status PrefixFolder::writeSettings(const std::string& text) const {
  return writeFile(file(".kong_env"), text);
}

}  // namespace tollgate::server
