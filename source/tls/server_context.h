#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/net/transport.h"
#include "source/tls/certificate_table.h"
#include "source/tls/key_pair.h"

namespace tollgate::tls {

/// What a TLS listener serves with. Shared by all workers, any thread. Immutable but for
/// addDefault().
class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  struct Settings {
    /// For clients that name no known server, at least one. Of several pairs the client gets the
    /// ECDSA one if it can verify it.
    std::vector<KeyPair> defaults = {};
    struct Named {
      /// As CertificateTable has them.
      std::vector<std::string> serverNames = {};
      std::vector<KeyPair> pairs = {};
    };
    std::vector<Named> named = {};  ///< A name that occurs twice belongs to the first.
    std::string minVersion = "TLSv1.2", maxVersion = "TLSv1.3";  ///< TLSv1 to TLSv1.3.
    /// TLS 1.2 suites in OpenSSL's notation, unknown ones ignored; "" for the default.
    std::string ciphers = {};
    /// In order of preference. Empty: no ALPN; else a client that offers only others is refused.
    std::vector<std::string> alpn = {"h2", "http/1.1"};
    bool sessionTickets = true;
    /// PEM certificates that vouch for clients; "": none is asked for its certificate. One that is
    /// given must be good. Sessions are not resumed then, so that every connection is checked.
    std::string clientCaPem = {};
    bool clientCertificateRequired = false;
  };
  /// Errors say which pair or setting is wrong.
  static Result<std::shared_ptr<const ServerContext>> create(Settings settings);
  ~ServerContext();

  /// A transport for an accepted, non-blocking descriptor, which it does not own. `prefix`: bytes
  /// that were already read from it.
  /// `certificates` (may be null) come before the context's own; they are kept until the client has
  /// said which server it wants.
  std::unique_ptr<net::Transport> accept(
      int fd, buffer::Buffer prefix,
      std::shared_ptr<const CertificateTable> certificates = nullptr) const;
  std::unique_ptr<net::Transport> accept(int fd) const;

  struct Impl;  ///< For this folder.

  /// Handshakes that begin from now on may take one more default pair. Any thread.
  Status addDefault(const KeyPair& pair) const;

 private:
  explicit ServerContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<net::Transport> accept(
      int fd, std::string prefix, std::shared_ptr<const CertificateTable> certificates) const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::tls
