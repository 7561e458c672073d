#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/net/transport.h"
#include "source/tls/key_pair.h"

namespace tollgate::tls {

/// How connections to TLS servers are made. Shared by all workers, any thread. Remembers sessions
/// by server name, so that later connections need no full handshake.
class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  struct Settings {
    bool verify = false;
    int verifyDepth = 1;  ///< Intermediate certificates allowed between leaf and trusted one.
    std::string trustedPem = {};  ///< Trusted certificates, PEM.
    bool systemTrust = false;     ///< Trust the system's bundle (or that of SSL_CERT_FILE) as well.
    std::optional<KeyPair> clientCertificate = {};
    std::vector<std::string> alpn = {};  ///< In order of preference; empty: none is offered.
  };
  static Result<std::shared_ptr<const ClientContext>> create(Settings settings);
  ~ClientContext();

  /// A transport for a non-blocking descriptor that is connected or connecting, which it does not
  /// own. `serverName`: host name for SNI and, when verifying, the name (or IP address) that the
  /// certificate must carry; an IP address is not sent. Empty: neither. `offer`: the application
  /// protocols of the settings.
  std::unique_ptr<net::Transport> connect(int fd, std::string_view serverName,
                                          bool offer = true) const;

 private:
  struct Impl;
  explicit ClientContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::tls
