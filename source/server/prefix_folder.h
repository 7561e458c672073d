#pragma once

#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/tls/key_pair.h"

namespace tollgate::server {

/// The working folder of a node: its identity, process id, certificates and store. Created with
/// permissions for its user only. Errors name the path and the remedy.
class PrefixFolder {
 public:
  explicit PrefixFolder(std::string path) : path_(std::move(path)) {}
  PrefixFolder(const PrefixFolder&) = delete;
  ~PrefixFolder();

  Status create();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// Marks the folder as used by this process; fails if another one runs in it. Whoever closes
  /// another descriptor of the pid file in this process ends the mark: POSIX locks are so.
  Status lock();
  /// The process that runs in the folder; 0 if none does that can be seen from here (another
  /// container's cannot). Asked by other processes than that one.
  int runningPid() const;

  /// The node's UUID: `configured`, else the one kept here, else a new one.
  Result<std::string> nodeId(const std::string& configured) const;
  /// The self-signed pair of that name and kind below ssl/, if it is there and whole.
  Result<tls::KeyPair> keptCertificate(const std::string& name, crypto::KeyType type) const;
  /// Generates that pair and keeps it. An RSA one takes some hundred milliseconds. Any thread.
  Result<tls::KeyPair> makeCertificate(const std::string& name, crypto::KeyType type) const;
  /// Writes the effective settings to .kong_env, without secrets.
  Status writeSettings(const std::string& text) const;

 private:
  std::string certificateBase(const std::string& name, crypto::KeyType type) const;
  std::string pidFile() const { return file("pids/nginx.pid"); }
  std::string path_;
  int lockFd_ = -1;
};

/// Replaces `path` as a whole, with mode 0600.
Status writeFile(const std::string& path, const std::string& content);

}  // namespace tollgate::server
