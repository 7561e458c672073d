#include "source/server/credential_secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "source/crypto/base64.h"
#include "source/crypto/secret.h"
#include "source/server/prefix_folder.h"

namespace tollgate::server {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kMinChars = 32;  ///< What 24 random bytes make in base64.
constexpr size_t kMaxChars = 4096;
constexpr const char* kRemedy = "`openssl rand -base64 32` makes a good one";

Result<std::string> checked(std::string text, const std::string& place) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  if (text.size() >= kMinChars && text.size() <= kMaxChars) return text;
  return Error::invalid("is no secret of " + std::to_string(kMinChars) + " to " +
                            std::to_string(kMaxChars) + " characters; " + kRemedy,
                        place);
}

/// Nothing read and errno set where the file cannot be opened.
bool readFile(const std::string& path, std::string& text) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  text.resize(kMaxChars + 2);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return true;
}

/// Makes the file whole or not at all; another process that came first wins.
Status create(const std::string& path) {
  std::string fresh = path + "." + std::to_string(getpid());
  std::string secret =
      crypto::encodeBase64(crypto::randomBytes(kSecretBytes), crypto::Base64::kUrl) + "\n";
  Status written = writeFile(fresh, secret);
  crypto::wipe(secret);
  if (!written) return written;
  bool linked = ::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST;
  int error = errno;
  ::unlink(fresh.c_str());
  if (!linked) return Error::unavailable("cannot write " + path + ": " + std::strerror(error));
  // Credentials are useless without it, so it has to be on the disk before the first of them.
  int folder = ::open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    (void)::fsync(folder);
    ::close(folder);
  }
  return {};
}

}  // namespace

Result<CredentialSecret> configuredSecret(const Settings& settings) {
  CredentialSecret out;
  const std::string& text = settings.text("credential_secret");
  const std::string& path = settings.text("credential_secret_file");
  if (!text.empty() && !path.empty()) {
    return Error::invalid("credential_secret and credential_secret_file are both set; keep one");
  }
  if (text.empty() && path.empty()) return out;
  std::string read = text;
  if (!path.empty() && !readFile(path, read)) {
    return Error::invalid("cannot be read: " + std::string(std::strerror(errno)),
                          "credential_secret_file " + path);
  }
  auto secret = checked(std::move(read),
                        path.empty() ? "credential_secret" : "credential_secret_file " + path);
  if (!secret) return secret.error();
  out.text = std::move(secret).value();
  return out;
}

Result<CredentialSecret> prefixSecret(const std::string& prefix, bool mayCreate) {
  CredentialSecret out;
  const std::string path = prefix + "/credential.secret";
  std::string text;
  if (!readFile(path, text)) {
    if (errno != ENOENT) {
      return Error::invalid("cannot be read: " + std::string(std::strerror(errno)), path);
    }
    if (!mayCreate) {
      out.notice = path + " is missing, and the credentials of this store were made with it: " +
                   "restore it from a backup";
      return out;
    }
    if (Status created = create(path); !created) return created.error();
    if (!readFile(path, text)) return Error::unavailable("cannot read " + path);
    out.made = true;
    out.notice = "a new secret for credentials was made in " + path +
                 "; a backup of the store is of use only together with it";
  }
  auto secret = checked(std::move(text), path);
  if (!secret) {
    return Error::invalid(secret.error().message + "; restore it from a backup", path);
  }
  out.text = std::move(secret).value();
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & 077) != 0) {
    out.notice = path + " can be read by other users: give it the mode 0600";
  }
  return out;
}

}  // namespace tollgate::server
